import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useSession } from '@/lib/use-session'

/** Once somebody is signed in, here or in another tab, go on to where they wanted to be. */
export function useLeaveWhenSignedIn(back = '/'): void {
  const { status } = useSession()
  const router = useRouter()
  useEffect(() => {
    if (status === 'signed-in') router.history.replace(inApp(back))
  }, [status, router, back])
}

function inApp(path: string): string {
  return `${import.meta.env.BASE_URL.replace(/\/$/, '')}${path}`
}
