import { useSyncExternalStore } from 'react'
import { onSessionChange, type Session, session } from './session'

export function useSession(): Session {
  return useSyncExternalStore(onSessionChange, session)
}
