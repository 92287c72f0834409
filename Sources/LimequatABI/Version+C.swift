// swift-format-ignore-file: AlwaysUseLowerCamelCase
internal import CLimequat
internal import Limequat

@c @implementation
public func lmq_version() -> UnsafePointer<CChar>! { cString(limequatVersion) }

@c @implementation
public func lmq_abi_version() -> UInt32 { UInt32(LMQ_ABI_VERSION) }
