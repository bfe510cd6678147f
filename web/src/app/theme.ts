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

/** Greys of the dark theme, with a little of the brand's blue. */
const dark: MantineColorsTuple = [
  '#ced3dc',
  '#b4bbc7',
  '#8b93a1',
  '#626a78',
  '#3d434f',
  '#2e333d',
  '#20242b',
  '#1a1d23',
  '#14161a',
  '#0e1013',
]

/** The header of a dialog is none of the page. */
const NO_BANNER = { header: { role: 'presentation' } }

export const theme: MantineThemeOverride = createTheme({
  primaryColor: 'ink',
  colors: { ink, dark },
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
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.5, blur: 2 },
        attributes: NO_BANNER,
      },
      styles: { title: { fontSize: 'var(--mantine-font-size-lg)', fontWeight: 650 } },
    },
    Drawer: { defaultProps: { attributes: NO_BANNER } },
    Tooltip: {
      defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: false } },
    },
    Menu: {
      defaultProps: {
        // Of a menu nothing but its items may have the focus, and it is a part of the page as all else.
        withInitialFocusPlaceholder: false,
        portalProps: { target: '#main' },
      },
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
    // Small text on the light shades of its own colour.
    '--mantine-color-teal-light-color': '#05604a',
    '--mantine-color-orange-light-color': '#8f3a0a',
    '--mantine-color-yellow-light-color': '#6f4a00',
    '--mantine-color-red-light-color': '#a51d1d',
    '--mantine-color-blue-light-color': '#124f8f',
    '--mantine-color-gray-light-color': '#343a40',
    '--cliprow-page': '#f6f7fb',
    '--cliprow-surface': '#ffffff',
  },
  dark: {
    '--mantine-color-dimmed': '#a8b0bd',
    '--mantine-color-placeholder': '#98a0ae',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-anchor': '#a3aef5',
    // Grey badges would be darker than the cards they stand on.
    '--mantine-color-gray-light': '#2e333d',
    '--mantine-color-gray-light-color': '#ced3dc',
    '--mantine-color-red-filled': '#c92a2a',
    '--mantine-color-red-filled-hover': '#b02525',
    '--cliprow-page': '#14161a',
    '--cliprow-surface': '#1a1d23',
  },
})
