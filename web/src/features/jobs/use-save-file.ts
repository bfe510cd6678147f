import { useMutation } from '@tanstack/react-query'
import { api, call } from '@/lib/api'
import { openDownload } from '@/lib/archive'
import { sayError } from '@/lib/say'
import type { Artifact } from './queries'

/** Saves one file of a job, by a link that is asked for then. */
export function useSaveFile({ content_id }: Pick<Artifact, 'content_id'>) {
  return useMutation({
    mutationFn: async () => {
      const query = { content_id, download: true }
      const signed = await call(api.GET('/assets/signed-url', { params: { query } }))
      openDownload(signed.url, signed.file_name)
    },
    onError: sayError,
  })
}
