/** The finished videos of a job, one tab for each platform, with their subtitles. */

import { Alert, AspectRatio, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core'
import { IconMovie } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { usePlatformName } from '@/components/platform-names'
import { formatBytes, formatDuration } from '@/lib/format'
import classes from './job-preview.module.css'
import { PreviewFiles } from './preview-files'
import { type Artifact, type JobDetail, urlsQuery } from './queries'

export function JobPreview({ detail }: { readonly detail: JobDetail }) {
  const { t } = useTranslation('jobs')
  const platformName = usePlatformName()
  const videos = detail.artifacts.filter(({ role }) => role === 'video')
  const [wanted, setWanted] = useState<string | null>(null)
  const video = videos.find(({ platform }) => platform === wanted) ?? videos[0]
  if (!video) {
    const isComing = detail.status === 'pending' || detail.status === 'processing'
    return (
      <Empty icon={IconMovie} title={t(isComing ? 'preview.coming' : 'preview.none')}>
        {t(isComing ? 'preview.comingNext' : 'preview.noneNext')}
      </Empty>
    )
  }
  const missing = detail.platforms.filter((each) => !videos.some(({ platform }) => platform === each))
  return (
    <Stack gap="sm">
      {videos.length > 1 && (
        <SegmentedControl
          aria-label={t('preview.platform')}
          data={videos.map(({ platform }) => ({ value: platform, label: platformName(platform) }))}
          value={video.platform}
          onChange={setWanted}
          style={{ alignSelf: 'flex-start' }}
        />
      )}
      <div className={classes.withFiles}>
        <Player key={video.content_id} video={video} artifacts={detail.artifacts} />
        <PreviewFiles detail={detail} platform={video.platform} />
      </div>
      {missing.length > 0 && detail.status === 'failed' && (
        <Alert color="orange">
          {t('preview.missing', { platforms: missing.map(platformName).join(', ') })}
        </Alert>
      )}
    </Stack>
  )
}

function Player({ video, artifacts }: { readonly video: Artifact; readonly artifacts: readonly Artifact[] }) {
  const { t } = useTranslation('jobs')
  const of = (role: string) =>
    artifacts.find((each) => each.role === role && each.platform === video.platform)?.content_id
  const subtitles = of('subtitles_vtt')
  const thumbnail = of('thumbnail')
  const ids = [video.content_id, subtitles, thumbnail].filter((id) => id !== undefined)
  const { data: urls, error, refetch } = useQuery(urlsQuery(ids))
  const [width, height] = sizeOf(video.resolution)
  const language = languageOf(artifacts, subtitles)
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  return (
    <figure className={classes.figure} data-tall={height > width}>
      <AspectRatio ratio={width / height} className={classes.frame}>
        {urls ? (
          // biome-ignore lint/a11y/useMediaCaption: videos have subtitles where their track was made.
          <video
            controls
            playsInline
            preload="metadata"
            crossOrigin="anonymous"
            src={urls.get(video.content_id)}
            poster={thumbnail && urls.get(thumbnail)}
          >
            {/* Not shown unless asked for: the picture has captions. */}
            {subtitles && (
              <track
                kind="subtitles"
                src={urls.get(subtitles)}
                srcLang={language}
                label={t('preview.subtitles')}
              />
            )}
          </video>
        ) : (
          <Skeleton />
        )}
      </AspectRatio>
      <Text component="figcaption" size="sm" c="dimmed" className="figures" mt={6}>
        {[
          video.resolution,
          video.duration_ms !== null && formatDuration(video.duration_ms),
          formatBytes(video.size_bytes),
        ]
          .filter(Boolean)
          .join(' · ')}
      </Text>
    </figure>
  )
}

/** Width and height of a resolution like `1080x1920`; 16 to 9 where it is not told. */
export function sizeOf(resolution: string | null): [number, number] {
  const [width, height] = (resolution ?? '').split('x').map(Number)
  return width && height ? [width, height] : [16, 9]
}

/** Of names like `tiktok.en.vtt`. */
function languageOf(artifacts: readonly Artifact[], contentId: string | undefined): string | undefined {
  return artifacts
    .find(({ content_id }) => content_id === contentId)
    ?.file_name.split('.')
    .at(-2)
}
