import DRKit
import Glibc

/// The blocking file operations of a view, below an open directory. They know nothing of Gluster; they block for as long
/// as the file system does, so call them on a thread of their own.
package struct VolumeFiles: Sendable {
  package let handle: DirectoryHandle
  /// Of a secondary: what can't be read there is not whole.
  package let isCopy: Bool

  package init(handle: DirectoryHandle, isCopy: Bool = true) {
    self.handle = handle
    self.isCopy = isCopy
  }

  /// What `read` takes at most.
  package static let smallFileLimit = 1 << 20

  package func read(_ path: VolumePath) throws(DRError) -> [UInt8]? {
    let operation = "read a file"
    var attempt = 0
    while true {
      guard let (file, status) = try handle.file(path, operation) else { return nil }
      do throws(DRError) {
        return try whole(file, status, path, operation)
      } catch {
        // What was opened may be gone by now: not a file that is damaged, but one that was replaced meanwhile.
        attempt += 1
        guard attempt < 4, try handle.isReplaced(path, status, operation) else { throw error }
      }
    }
  }

  private func whole(
    _ file: Descriptor, _ status: stat, _ path: VolumePath, _ operation: String
  ) throws(DRError) -> [UInt8] {
    guard Int64(status.st_size) <= Int64(Self.smallFileLimit) else {
      throw DRError(
        .refused, operation, path.text, reason: "\(status.st_size) bytes, more than 1 MiB",
        remedy: "see what stands at that path on the volume")
    }
    // One byte more than may be there: a file that grew is noticed.
    var bytes = [UInt8](repeating: 0, count: Self.smallFileLimit + 1)
    let count = try Self.fill(&bytes, from: file, at: 0, path, operation, isCopy)
    guard count <= Self.smallFileLimit else {
      throw DRError(.refused, operation, path.text, reason: "more than 1 MiB")
    }
    guard count >= Int(status.st_size) else {
      throw DRError(
        .disproved, operation, path.text, reason: "\(count) of \(status.st_size) bytes can be read")
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// A part of a file of any size; what lies past its end is not there.
  package func read(_ path: VolumePath, at offset: Int64, count: Int) throws(DRError) -> [UInt8]? {
    let operation = "read a file"
    guard let (file, _) = try handle.file(path, operation) else { return nil }
    var bytes = [UInt8](repeating: 0, count: min(max(0, count), Self.smallFileLimit))
    let filled = try Self.fill(&bytes, from: file, at: max(0, offset), path, operation, isCopy)
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Reads until the buffer is full or the file ends; returns how many bytes.
  package static func fill(
    _ buffer: inout [UInt8], from file: Descriptor, at offset: Int64, _ path: VolumePath, _ operation: String,
    _ isCopy: Bool
  ) throws(DRError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = buffer.withUnsafeMutableBytes { bytes in
        retrying {
          pread(
            file.number, bytes.baseAddress! + filled, bytes.count - filled, off_t(offset + Int64(filled)))
        }
      }
      guard count >= 0 else {
        throw FileFailure.content(operation, path.text, errno, at: offset + Int64(filled), isCopy: isCopy)
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  package func list(_ path: VolumePath) throws(DRError) -> [String]? {
    let operation = "list a directory"
    guard let directory = try handle.directory(path.components, operation) else { return nil }
    // A descriptor of its own: `fdopendir` takes it over, and the offset of the root's must not move.
    let number = retrying { openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard number >= 0 else { throw FileFailure.error(operation, path.text, errno) }
    guard let stream = fdopendir(number) else {
      let code = errno
      close(number)
      throw FileFailure.error(operation, path.text, code)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw FileFailure.error(operation, path.text, errno) }
        break
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
      }
      if name != ".", name != ".." { names.append(name) }
    }
    // By bytes, as every node and version does.
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  package func size(_ path: VolumePath) throws(DRError) -> Int64? {
    let operation = "read a file's size"
    guard let directory = try handle.directory(path.parent, operation) else { return nil }
    var status = stat()
    guard fstatat(directory.number, path.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      let code = errno
      if code == ENOENT { return nil }
      throw FileFailure.error(operation, path.text, code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DRError(.refused, operation, path.text, reason: "it is no regular file")
    }
    return Int64(status.st_size)
  }

  package func remove(_ path: VolumePath) throws(DRError) {
    let operation = "remove a file"
    guard let directory = try handle.directory(path.parent, operation) else { return }
    guard unlinkat(directory.number, path.name, 0) == 0 else {
      let code = errno
      if code == ENOENT { return }
      throw FileFailure.error(operation, path.text, code)
    }
  }

  package func space() throws(DRError) -> VolumeSpace {
    var status = statvfs()
    guard fstatvfs(handle.root.number, &status) == 0 else {
      throw FileFailure.error("read a volume's space", "", errno)
    }
    let unit = UInt64(status.f_frsize)
    func bytes(_ blocks: UInt64) -> Int64 {
      let (product, overflow) = blocks.multipliedReportingOverflow(by: unit)
      return overflow ? Int64.max : Int64(clamping: product)
    }
    return VolumeSpace(total: bytes(UInt64(status.f_blocks)), available: bytes(UInt64(status.f_bavail)))
  }
}
