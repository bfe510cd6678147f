// A clock in a worker, which hidden pages do not slow down: the live socket's heartbeat goes by it.
self.onmessage = ({ data }) => {
  if (data.event === 'start') setInterval(() => self.postMessage({ event: 'keepAlive' }), data.interval)
}
