/**
 * What a service manager wants to know (systemd's `Type=notify`): that the proxy is up, that it reads its configuration anew or stops, and, where it
 * asks for that, that it still answers. Without one nothing happens.
 */

/** Where it listens, and how often it wants to hear from us. */
const SOCKET = process.env.NOTIFY_SOCKET
const WATCHDOG_US = process.env.WATCHDOG_USEC
const WATCHDOG_PID = process.env.WATCHDOG_PID

export interface ServiceManager {
  ready(status: string): void
  stopping(): void
}

export async function openServiceManager(): Promise<ServiceManager> {
  const path = SOCKET
  // Programs that we start are no service.
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name]
  if (!path || process.platform !== 'linux') return { ready() {}, stopping() {} }
  const { notifyAt } = await import('../linux/notify.ts')
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
  const period = isOurs ? Number(WATCHDOG_US ?? 0) / 1_000 / 2 : 0
  let timer: NodeJS.Timeout | undefined
  return {
    ready(status) {
      notifyAt(path, `READY=1\nMAINPID=${process.pid}\nSTATUS=${status}`)
      // Processes that serve and hang are replaced by this one; should this one hang, there is no sign of it.
      if (period >= 1) timer = setInterval(() => notifyAt(path, 'WATCHDOG=1'), period).unref()
    },
    stopping() {
      clearInterval(timer)
      notifyAt(path, 'STOPPING=1')
    },
  }
}
