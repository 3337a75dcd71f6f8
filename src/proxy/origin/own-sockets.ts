/**
 * The connections this process has opened, by their own end: where one of them is led back here, a rule of the firewall has forgotten us, and
 * each call would call itself. Another process that serves beside this one does not know them; then the circle closes a few turns later.
 */

import type { Socket } from 'node:net'
import { type IpAddress, parseIp, unmapIp } from '../../model/address.ts'

const own = new Set<string>()

/** @param socket has just been connected */
export function noteOwn(socket: Socket): void {
  const address = parseIp(socket.localAddress ?? '')
  if (!address || !socket.localPort) return
  const key = keyOf(unmapIp(address), socket.localPort)
  own.add(key)
  socket.once('close', () => own.delete(key))
}

export function isOwn(address: IpAddress, port: number | undefined): boolean {
  return port !== undefined && own.has(keyOf(address, port))
}

function keyOf({ text }: IpAddress, port: number): string {
  return `${port} ${text}`
}
