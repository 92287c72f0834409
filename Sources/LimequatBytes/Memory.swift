internal import CLimequatPlatform

/// The mark of a refused Swift allocation (memory.c says how it is set).
///
/// `begin()` comes first in every C function that allocates, `check()` in each loop whose length a file
/// decides and once more before success is answered.
public enum Memory {
  public static func begin() { lmq_memory_mark(false) }

  /// Runs a function of the host, which may call the library: the mark is this call's again afterwards.
  public static func aside<R>(_ body: () -> R) -> R {
    let isShort = lmq_memory_is_short()
    defer { lmq_memory_mark(isShort) }
    return body()
  }

  public static func check() throws(BytesError) {
    if lmq_memory_is_short() { throw .outOfMemory(bytes: 0) }
  }
}
