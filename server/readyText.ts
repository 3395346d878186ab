// What a start prints: the links with their tokens. Stdout alone gets them, no log.

import type { QrWho } from './config.ts'
import { qrCode } from './qrCode.ts'
import type { ServerTls } from './tls/serverTls.ts'

export interface ReadyOptions {
  /** Where a browser comes, without the token. */
  pageUrl: string
  /** Whether another machine gets there. */
  isForOthers: boolean
  tokens: { operator: string; viewer: string }
  /** Absent where the page comes without TLS. */
  tls: (Pick<ServerTls, 'isSelfSigned' | 'fingerprint'> & { plainUrl: string }) | null
  /** `null`: nobody said. */
  qr: QrWho | null
  isTerminal: boolean
}

export async function readyText(options: ReadyOptions): Promise<string> {
  const { pageUrl, isForOthers, tokens, tls } = options
  const lines = [`Swarmscope is ready: ${linkOf(pageUrl, tokens.operator)}`]
  if (isForOthers) lines.push(...(await linesForOthers(options)))
  else if (options.qr)
    lines.push(`No QR code: only this machine reaches that address${tls ? '' : ' (others with --tls self-signed)'}`)
  if (tls?.isSelfSigned) {
    lines.push(
      `The certificate is our own, so browsers warn once. Accept it only if they show this SHA-256 fingerprint:`,
      `  ${tls.fingerprint}`,
    )
  }
  if (tls) lines.push(`On this machine, for hooks, telemetry and commands, without TLS: ${tls.plainUrl}`)
  return `${lines.join('\n')}\n`
}

/** A terminal is seen by who started us; a QR code on it also by a camera across the room. */
async function linesForOthers({ pageUrl, tokens, qr, isTerminal }: ReadyOptions): Promise<string[]> {
  const who = qr ?? 'viewer'
  const link = linkOf(pageUrl, tokens[who])
  const may = who === 'viewer' ? 'it may look, not act' : 'it may act as you do'
  const lines = [`For a headset or a phone (${may}): ${link}`]
  if (qr || isTerminal) lines.push(await qrCode(link, { isTerminal }))
  return lines
}

/**
 * The fragment stays in the browser: no server, proxy or log sees it. A token of somebody's own may have letters in it that mean
 * something in a link.
 */
export const linkOf = (url: string, token: string): string => `${url}/#token=${encodeURIComponent(token)}`
