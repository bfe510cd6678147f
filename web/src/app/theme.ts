import {
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  type MantineThemeOverride,
} from '@mantine/core'

/** The brand's blue; its two darker shades have at least 4.5:1 on white. */
const ink: MantineColorsTuple = [
  '#eef1ff',
  '#dbe0fb',
  '#b5bdf3',
  '#8c98ec',
  '#6a78e6',
  '#5564e2',
  '#4a5ae0',
  '#3b4bc7',
  '#3343b3',
  '#28379e',
]

export const theme: MantineThemeOverride = createTheme({
  primaryColor: 'ink',
  colors: { ink },
  // The default shades have too little contrast for small text.
  primaryShade: { light: 8, dark: 7 },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  headings: { fontWeight: '650', fontFamily: "'Inter Variable', system-ui, sans-serif" },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Badge: { defaultProps: { variant: 'light', radius: 'sm', tt: 'none' } },
    Card: { defaultProps: { withBorder: true, padding: 'md', bg: 'var(--cliprow-surface)' } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.5, blur: 2 } } },
    Tooltip: {
      defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: false } },
    },
    Button: { defaultProps: { loaderProps: { type: 'dots' } } },
  },
})

/** Captions have at least 4.5:1 on the page and on cards; cards stand out from the page. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#596170',
    '--mantine-color-placeholder': '#6b7280',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-teal-light-color': '#05664a',
    '--mantine-color-orange-light-color': '#a33a00',
    '--mantine-color-yellow-light-color': '#7a4d00',
    '--cliprow-page': '#f6f7fb',
    '--cliprow-surface': '#ffffff',
  },
  dark: {
    '--mantine-color-dimmed': '#a8b0bd',
    '--mantine-color-placeholder': '#98a0ae',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#a5b0f7',
    '--cliprow-page': '#14161a',
    '--cliprow-surface': '#1d2025',
    '--mantine-color-body': '#1d2025',
  },
})
