/// The version of the library, as `lmq_version()` gives it.
public let limequatVersion: StaticString = "0.1.0"
