/** What failures mean, in the reader's language. The server says the same more exactly, in English. */

import { useTranslation } from 'react-i18next'

export interface Failure {
  readonly error_code?: string | null
  readonly error_message?: string | null
  readonly next_step?: string | null
}

export interface FailureText {
  readonly meaning: string
  readonly next: string
  /** The server's own words, where they are not the meaning already. */
  readonly detail: string
}

/** The texts of a failure; its own words where the code is not known, or the texts have not come yet. */
export function useFailureText(): (failure: Failure) => FailureText {
  const { t, i18n } = useTranslation('errors', { useSuspense: false })
  return ({ error_code, error_message, next_step }) => {
    const said = error_message ?? ''
    if (!error_code || !i18n.exists(`${error_code}.meaning`, { ns: 'errors' })) {
      return { meaning: said || (error_code ?? ''), next: next_step ?? '', detail: '' }
    }
    return { meaning: t(`${error_code}.meaning`), next: t(`${error_code}.next`), detail: said }
  }
}
