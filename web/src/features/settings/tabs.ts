export const SETTINGS_TABS = [
  'account',
  'notifications',
  'team',
  'members',
  'projects',
  'providers',
  'brand',
  'platforms',
] as const
export type SettingsTab = (typeof SETTINGS_TABS)[number]
