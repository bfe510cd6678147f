import { ActionIcon, Group, Select, Tooltip } from '@mantine/core'
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sayError } from '@/lib/say'
import { voiceSample, voicesQuery } from './samples'

interface VoiceFieldProps {
  /** BCP 47 tag that is spoken. */
  readonly language: string
  readonly value: string | null
  readonly placeholder: string
  readonly error?: ReactNode
  readonly onChange: (voice: string | null) => void
}

/** Who speaks, of the voices of a language, to be listened to. */
export function VoiceField({ language, value, placeholder, error, onChange }: VoiceFieldProps) {
  const { t, i18n } = useTranslation('batch-create')
  const { data } = useQuery(voicesQuery)
  const names = new Intl.DisplayNames(i18n.language, { type: 'language' })
  const main = mainTag(language)
  const fitting = (data ?? []).filter((each) => mainTag(each.language) === main)
  const known = fitting.some(({ voice }) => voice === value) || value === null
  const choices = fitting.map((each) => ({
    value: each.voice,
    label: `${each.label} · ${names.of(each.language)}`,
  }))
  return (
    <Group align="flex-end" gap="xs" wrap="nowrap">
      <Select
        label={t('field.voice')}
        description={t('look.voice')}
        placeholder={placeholder}
        clearable
        searchable
        flex={1}
        miw={0}
        data={known ? choices : [...choices, { value, label: value }]}
        error={error}
        value={value}
        onChange={onChange}
      />
      <Listen language={language} voice={value} />
    </Group>
  )
}

function Listen({ language, voice }: { readonly language: string; readonly voice: string | null }) {
  const { t } = useTranslation('batch-create')
  const audio = useRef<HTMLAudioElement | null>(null)
  const [isPlaying, setIsPlaying] = useState(false)
  const stop = () => {
    audio.current?.pause()
    audio.current = null
    setIsPlaying(false)
  }
  const play = useMutation({
    mutationFn: () => voiceSample(language, voice),
    onSuccess: async (sound) => {
      stop()
      const address = URL.createObjectURL(sound)
      const player = new Audio(address)
      player.onended = () => {
        setIsPlaying(false)
        URL.revokeObjectURL(address)
      }
      audio.current = player
      await player.play()
      setIsPlaying(true)
    },
    onError: sayError,
  })
  useEffect(() => () => audio.current?.pause(), [])
  const label = isPlaying ? t('look.stop') : t('look.listen')
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size={36}
        loading={play.isPending}
        aria-label={label}
        onClick={isPlaying ? stop : () => play.mutate()}
      >
        {isPlaying ? <IconPlayerStop size={18} aria-hidden /> : <IconPlayerPlay size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  )
}

function mainTag(language: string): string {
  return language.split('-')[0]?.toLowerCase() ?? ''
}
