export const SETTINGS_TABS = [
  'account',
  'notifications',
  'team',
  'members',
  'projects',
  'providers',
  'platforms',
] as const
export type SettingsTab = (typeof SETTINGS_TABS)[number]
