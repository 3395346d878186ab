// The multiplexer's promise at full size.

import { test } from 'vitest'
import { Mux } from '../../relay/mux.ts'
import { promise } from '../helpers/muxPromise.ts'

test('[X1] [X7] [X8] [X12] 200 clients × 500 calls under the same ids: none lost, none doubled, none to another', () => {
  promise(Mux, { clients: 200, calls: 500, runs: 5 })
})
