import CLimequatPlatform
import LimequatBytes
import Testing

struct MemoryTests {
  /// A function of the host that calls the library neither clears the mark of the call that it is in nor sets
  /// it.
  @Test(arguments: [false, true]) func theMarkOutlivesCallsOfTheHost(_ isShort: Bool) {
    Memory.begin()
    defer { Memory.begin() }
    lmq_memory_mark(isShort)
    let answer = Memory.aside {
      Memory.begin()
      lmq_memory_mark(!isShort)
      return 7
    }
    #expect(answer == 7)
    #expect(lmq_memory_is_short() == isShort)
  }
}
