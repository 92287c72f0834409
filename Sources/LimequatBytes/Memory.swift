internal import CLimequatPlatform

/// The mark of a refused Swift allocation (memory.c says how it is set).
///
/// `begin()` comes first in every C function that allocates, `check()` in each loop whose length a file
/// decides and once more before success is answered.
public enum Memory {
  public static func begin() { lmq_memory_begin() }

  public static func check() throws(BytesError) {
    if lmq_memory_is_short() { throw .outOfMemory(bytes: 0) }
  }
}
