import { AspectRatio, Skeleton, Text } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, call } from '@/lib/api'

/** Seconds that the address serves: long enough to watch it some times. */
const SERVES_S = 900

/** The film of one scene, where it is stored; null where it is not. */
function sceneVideoQuery(sceneId: string) {
  return queryOptions({
    queryKey: ['assets', 'scene', sceneId],
    queryFn: async () => {
      const query = { scene_id: sceneId, role: 'segment' as const, limit: 10 }
      const { items } = await call(api.GET('/assets', { params: { query } }))
      const [file] = items
      if (!file) return null
      const signed = { content_id: file.id, ttl_s: SERVES_S }
      return (await call(api.GET('/assets/signed-url', { params: { query: signed } }))).url
    },
    staleTime: (SERVES_S - 60) * 1_000,
    gcTime: (SERVES_S - 60) * 1_000,
  })
}

export function SceneVideo({ sceneId }: { readonly sceneId: string }) {
  const { t } = useTranslation('library')
  const { data: url } = useQuery(sceneVideoQuery(sceneId))
  if (url === null) {
    return (
      <Text size="sm" c="dimmed">
        {t('item.videoNone')}
      </Text>
    )
  }
  return (
    <AspectRatio ratio={16 / 9}>
      {url ? (
        // biome-ignore lint/a11y/useMediaCaption: what is said stands below it.
        <video
          src={url}
          controls
          preload="metadata"
          aria-label={t('item.video')}
          style={{ borderRadius: 'var(--mantine-radius-md)', background: '#000' }}
        />
      ) : (
        <Skeleton />
      )}
    </AspectRatio>
  )
}
