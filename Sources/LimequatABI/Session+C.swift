// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CLimequat
internal import Limequat
internal import LimequatBytes

@c @implementation
public func lmq_session_open(
  _ model: OpaquePointer!, _ options: UnsafePointer<lmq_session_options>!,
  _ out_session: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<lmq_error>!
) -> lmq_status {
  answer(error) { () throws(CallError) in
    let outSession = try required(out_session, "out_session")
    outSession.pointee = nil
    let model = try LimequatABI.model(model)
    let options = try sessionOptions(options)
    let session = try limequat { () throws(LimequatError) in try model.makeSession(options: options) }
    try checkMemory()
    guard let handle = Handle.add(session, Handle.session) else { throw .memory }
    outSession.pointee = handle
  }
}

@c @implementation
public func lmq_session_close(_ session: OpaquePointer!) {
  Handle.remove(session, Handle.session, of: Session.self)
}

@c @implementation
public func lmq_session_cancel(_ session: OpaquePointer!, _ cancelled: Int32) {
  let found: Session? = Handle.find(session, Handle.session)
  found?.setCancelled(cancelled != 0)
}

/// The session behind a handle.
func session(_ handle: OpaquePointer?) throws(CallError) -> Session {
  guard handle != nil else { throw .null("session") }
  guard let found: Session = Handle.find(handle, Handle.session) else { throw .handle("session") }
  return found
}

private func sessionOptions(
  _ start: UnsafePointer<lmq_session_options>?
) throws(CallError) -> Session.Options {
  guard let start else { return Session.Options() }
  let options = try lmq_session_options.read(start, "options")
  guard options.reserved == 0 else { throw .argument("options: reserved is \(options.reserved), expected 0") }
  // More than an Int holds is no bound at all.
  return Session.Options(
    imagesAtOnce: options.images_at_once < 0 ? Int.max : options.images_at_once,
    textsAtOnce: options.texts_at_once < 0 ? Int.max : options.texts_at_once,
    tracesRouting: options.trace_routing != 0, progress: progress(options.progress, options.progress_user))
}
