internal import CLimequatPlatform

/// A handle of the C API as an object of ours. The table behind it is in CLimequatPlatform/handles.c.
enum Handle {
  static let model: Int32 = 1
  static let session: Int32 = 2

  /// Keeps `object` until ``remove(_:_:)``. Nil when memory is refused.
  static func add(_ object: some AnyObject, _ kind: Int32) -> OpaquePointer? {
    let kept = Unmanaged.passRetained(object)
    lmq_handles_lock()
    let handle = lmq_handles_add(kept.toOpaque(), kind)
    lmq_handles_unlock()
    if handle == nil { kept.release() }
    return handle.map { OpaquePointer($0) }
  }

  /// The object, which the caller then shares: another thread may close the handle meanwhile.
  static func find<Object: AnyObject>(_ handle: OpaquePointer?, _ kind: Int32) -> Object? {
    lmq_handles_lock()
    defer { lmq_handles_unlock() }
    guard let object = lmq_handles_find(UnsafeRawPointer(handle), kind) else { return nil }
    return Unmanaged<Object>.fromOpaque(object).retain().takeRetainedValue()
  }

  /// Lets go of the object. Does nothing for what is no living handle of that kind.
  static func remove<Object: AnyObject>(_ handle: OpaquePointer?, _ kind: Int32, of: Object.Type) {
    lmq_handles_lock()
    let object = lmq_handles_remove(UnsafeRawPointer(handle), kind)
    lmq_handles_unlock()
    // Outside the lock: what ends here may close other things.
    if let object { Unmanaged<Object>.fromOpaque(object).release() }
  }
}
