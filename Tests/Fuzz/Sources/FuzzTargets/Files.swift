internal import Glibc
internal import LimequatCheckpoint
internal import LimequatConvert
internal import LimequatTensor

/// A checkpoint of which one file is the input; the others are those of LIMEQUAT_FUZZ_FOLDER/`folder`.
func fuzzCheckpoint(_ bytes: UnsafeRawBufferPointer, as file: String, in folder: String) {
  let folder = ScratchFolder.like(folder)
  folder.write(bytes, as: file)
  do throws(CheckpointError) {
    let checkpoint = try Checkpoint.open(folder: folder.path)
    for tensor in checkpoint.tensors {
      guard let index = checkpoint.index(of: tensor.name) else { fatalError("\(tensor.name) is not found") }
      // At most a few KiB of each: reading all of a large tensor is slow, and no different.
      guard tensor.size <= 1 << 16 else { continue }
      var elements = [UInt8](repeating: 0, count: tensor.size)
      let fault: CheckpointError? = elements.withUnsafeMutableBytes { elements in
        do throws(CheckpointError) {
          try checkpoint.read(
            index, leading: 0..<(tensor.shape.rank == 0 ? 1 : tensor.shape[0]), into: elements)
          return nil
        } catch { return error }
      }
      if let fault { throw fault }
    }
  } catch {
    _ = error.description
  }
}

/// A plan for the folder `limoe-sentencepiece`, of which one file is the input: reads its configuration and
/// its tokenizer.
func fuzzConversion(_ bytes: UnsafeRawBufferPointer, as file: String) {
  let folder = ScratchFolder.like("limoe-sentencepiece")
  folder.write(bytes, as: file)
  do throws(ConversionError) {
    _ = try Conversion.plan(source: folder.path).description
  } catch {
    _ = error.description
  }
}

func fuzzNumpyFile(_ bytes: UnsafeRawBufferPointer) {
  let folder = ScratchFolder.like("")
  folder.write(bytes, as: "a.npy")
  do throws(Fault) { _ = try NumpyArray.read(path: folder.path + "/a.npy").shape } catch { _ = error.message }
}
