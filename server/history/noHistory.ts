import { SwarmscopeError } from '../../protocol/errors.ts'

export const noHistory = (): SwarmscopeError =>
  new SwarmscopeError('NOT_FOUND', { detail: 'This world keeps no history' })
