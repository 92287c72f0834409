internal import LimequatBytes

/// Memory that an image's or an option's size decides, in bytes.
func scratch(_ size: Int) throws(VisionError) -> Buffer {
  do throws(BytesError) { return try Buffer(size: size) } catch { throw .outOfMemory(bytes: size) }
}
