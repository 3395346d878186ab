// What is wrong with a relay's certificate, and what to do about it: the code of OpenSSL or Node → a sentence.

import { hostAndPort, type RelayAddress } from './relayUrl.ts'

/** Nobody whom we trust has signed it. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
])
/** Others that mean the certificate; there is no common prefix. */
const OTHER =
  /^(CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|EPROTO$)/

/** First byte of what a TLS server says to somebody who speaks plain HTTP: an alert. */
const TLS_ALERT = 0x15

interface TlsError {
  code?: string
  message: string
  /** The certificate that was looked at, for a wrong name. */
  cert?: { subjectaltname?: string }
  /** What an HTTP parser could not read. */
  rawPacket?: Uint8Array
}

/** `null`: it is not about TLS. */
export function tlsDetail(error: TlsError, address: RelayAddress): string | null {
  const { code = '', message, cert, rawPacket } = error
  const at = hostAndPort(address)
  if (!address.tls) {
    return rawPacket?.[0] === TLS_ALERT ? `${at} speaks TLS only: set CLAUDE_FLOW_URL=wss://${at}` : null
  }
  if (UNTRUSTED.has(code)) {
    return address.tls.ca === undefined
      ? `The certificate of ${at} is self-signed, or its authority is unknown here: save that certificate (PEM) on this machine and start with CLAUDE_FLOW_CA=FILE`
      : `The certificate of ${at} does not come from the one in CLAUDE_FLOW_CA: put the certificate that the relay uses now (or its authority's) into that file, then restart this server`
  }
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${at} has expired: renew it where the relay runs, then restart the relay`
    case 'CERT_NOT_YET_VALID':
      return `The certificate of ${at} is not valid yet: check the clocks of both machines`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH': {
      const names = cert?.subjectaltname?.slice(0, 200).replaceAll(/DNS:|IP Address:/g, '')
      return `The certificate of ${at} is for ${names || 'another name'}: use a name of the certificate in CLAUDE_FLOW_URL, or make one for ${address.host}`
    }
    default:
      if (/wrong version number|packet length too long/i.test(message)) {
        return `What answers on ${at} speaks no TLS: use ws:// in CLAUDE_FLOW_URL, or start the relay with TLS`
      }
      return OTHER.test(code) ? `The relay on ${at} and this server found no secure connection (${code})` : null
  }
}
