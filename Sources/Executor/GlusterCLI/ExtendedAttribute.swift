import DRKit
import Glibc
import GlusterFiles

extension VolumeFiles {
  private typealias GetAttribute =
    @convention(c) (Int32, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int

  /// An extended attribute as text; nil when the file does not exist.
  ///
  /// `fgetxattr` is looked up at run time: Swift's Glibc module leaves `<sys/xattr.h>` out.
  /// - Throws: `.missing` when the file has no such attribute.
  func attribute(_ name: String, of path: VolumePath) throws(DRError) -> String? {
    let operation = "read the attribute \(name)"
    guard let (file, _) = try handle.file(path, operation) else { return nil }
    guard let symbol = dlsym(nil, "fgetxattr") else {
      throw DRError(.unfit, operation, path.text, reason: "this C library has no fgetxattr")
    }
    let get = unsafeBitCast(symbol, to: GetAttribute.self)
    // XATTR_SIZE_MAX of the kernel.
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = buffer.withUnsafeMutableBytes { bytes in
      retrying { get(file.number, name, bytes.baseAddress, bytes.count) }
    }
    guard count >= 0 else {
      let code = errno
      if code == ENODATA || code == ENOTSUP {
        throw DRError(
          .missing, operation, path.text, reason: String(cString: strerror(code)),
          remedy: "is it a mount of a Gluster volume?")
      }
      if code == ENOMEM {
        throw DRError(
          .unfit, operation, path.text,
          reason: "the volume can't tell (a dispersed volume answers pathinfo with ENOMEM, seen on 10.3)",
          remedy: "use a replica 1 or replica 3 volume, which are also what oVirt supports")
      }
      throw FileFailure.error(operation, path.text, code)
    }
    return String(decoding: buffer.prefix(count).prefix { $0 != 0 }, as: UTF8.self)
  }
}
