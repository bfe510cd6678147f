import { useMemo, useState } from 'react'
import type { Mode, Settings, Topics } from './draft'
import { platformsLastUsed } from './kept-draft'
import { useProjectDefaults } from './project-field'
import { requestOf } from './request'
import { useCheck } from './use-check'

/** What a draft asks of the server, and what the server says of it; platforms are the project's where none were chosen. */
export function useBatchRequest(mode: Mode, settings: Settings, topics: Topics) {
  const [lastPlatforms] = useState(platformsLastUsed)
  const ofProject = useProjectDefaults(settings.projectId)
  const platforms =
    settings.platforms ?? (ofProject.platforms as readonly string[] | undefined) ?? lastPlatforms
  const request = useMemo(
    () => requestOf(mode, { ...settings, platforms }, topics),
    [mode, settings, platforms, topics],
  )
  return { request, platforms, ofProject, checked: useCheck(request, platforms) }
}
