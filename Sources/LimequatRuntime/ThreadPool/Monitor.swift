internal import CLimequatPlatform
internal import LimequatBytes

/// A lock, and a way to wait for a change of what it guards.
final class Monitor: @unchecked Sendable {
  private let memory: Buffer
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  private init(memory: consuming Buffer) {
    mutex = memory.start.bindMemory(to: pthread_mutex_t.self, capacity: 1)
    changed = (memory.start + 128).bindMemory(to: pthread_cond_t.self, capacity: 1)
    self.memory = memory
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  static func make() throws(RuntimeError) -> Monitor { Monitor(memory: try Allocation.buffer(size: 256)) }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }
  /// Unlocks, waits for a call of ``wakeAll()`` (or for nothing), and locks again.
  func wait() { pthread_cond_wait(changed, mutex) }
  func wakeAll() { pthread_cond_broadcast(changed) }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
  }
}
