/** A frame as the stages would draw it, roughly: colours, font and where the logo stands. */

import { useTranslation } from 'react-i18next'
import type { BrandChange } from './api'
import classes from './brand-preview.module.css'
import { type Colours, textOn } from './contrast'

/** What a scene looks like without a brand: the style that is the default. */
export const PLAIN: Colours = { background: '#0a4a45', text: '#ffffff', accent: '#ffd43b' }
/** Height of a logo as a share of the frame's, as src/cliprow/media/geometry.py has it. */
const LOGO_HEIGHT: Record<BrandChange['logo_size'], string> = { small: '6%', medium: '8.5%', large: '12%' }

interface BrandPreviewProps {
  readonly brand: BrandChange
  /** Address of the picture; without one there is none. */
  readonly logo: string | undefined
}

export function BrandPreview({ brand, logo }: BrandPreviewProps) {
  const { t } = useTranslation('settings')
  const { background, text, accent } = brand.colours ?? PLAIN
  const left = brand.logo_corner === 'top_left'
  return (
    <div
      className={classes.frame}
      role="img"
      aria-label={t('brand.preview')}
      // As in a video, the logo keeps its side whatever direction the page has.
      dir="ltr"
      style={{
        color: text,
        background: `radial-gradient(circle at 20% 85%, color-mix(in srgb, ${background}, ${accent} 18%), ${background} 55%)`,
        fontFamily: `"${brand.font ?? 'Inter'}", system-ui, sans-serif`,
      }}
    >
      <div className={classes.progress}>
        {[1, 1, 0.3, 0.3].map((opacity, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: four bars that never change
          <span key={place} style={{ background: opacity === 1 ? accent : text, opacity }} />
        ))}
      </div>
      {logo && (
        <img
          src={logo}
          alt=""
          className={classes.logo}
          style={{ height: LOGO_HEIGHT[brand.logo_size], [left ? 'left' : 'right']: '6.8%' }}
        />
      )}
      <div className={classes.text}>
        <span className={classes.heading}>{t('brand.sample.heading')}</span>
        <span className={classes.rule} style={{ background: accent }} />
        {[t('brand.sample.one'), t('brand.sample.two')].map((point) => (
          <span key={point} className={classes.point}>
            <span className={classes.marker} style={{ background: accent }} />
            {point}
          </span>
        ))}
      </div>
      <div className={classes.caption}>
        {t('brand.sample.before')}{' '}
        <span className={classes.spoken} style={{ background: accent, color: textOn(accent) }}>
          {t('brand.sample.spoken')}
        </span>{' '}
        {t('brand.sample.after')}
      </div>
    </div>
  )
}
