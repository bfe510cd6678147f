/** The end of an endless list: fetches on when it comes into view, and by hand. */

import { Button, Center } from '@mantine/core'
import { useIntersection } from '@mantine/hooks'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

interface LoadMoreProps {
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly onMore: () => void
}

export function LoadMore({ hasMore, isLoading, onMore }: LoadMoreProps) {
  const { t } = useTranslation()
  const { ref, entry } = useIntersection({ rootMargin: '400px' })
  const isSeen = entry?.isIntersecting ?? false
  // biome-ignore lint/correctness/useExhaustiveDependencies: only once for every time that it comes into view.
  useEffect(() => {
    if (isSeen && hasMore && !isLoading) onMore()
  }, [isSeen, hasMore, isLoading])
  if (!hasMore) return null
  return (
    <Center ref={ref} py="sm">
      <Button variant="default" loading={isLoading} onClick={onMore}>
        {t('actions.more')}
      </Button>
    </Center>
  )
}
