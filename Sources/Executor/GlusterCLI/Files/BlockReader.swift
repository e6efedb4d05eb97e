import Crypto
import DRKit
import Glibc

/// Reads one file block by block for hashing. Blocking; may be shared by threads, each with a buffer of its own.
///
/// Never asks for holes (`SEEK_DATA`): a lost shard would look like one. What a hole reads as is hashed.
package struct BlockReader: Sendable {
  /// `pread(2)`, or what stands for it where a shard has to be lost without a Gluster.
  package typealias ReadAt = @Sendable (Int32, UnsafeMutableRawPointer?, Int, off_t) -> Int

  /// One read. Larger ones gain nothing: FUSE cuts them into 128 KiB to 1 MiB.
  package static let chunk = 1 << 20
  private static let operation = "digest a file"
  /// How often a stale handle is taken for a passing one, each time with a file opened anew.
  private static let reopenings = 3

  private let handle: DirectoryHandle
  private let path: VolumePath
  private let file: Descriptor
  private let readAt: ReadAt
  private let isCopy: Bool
  /// Bytes, when it was opened.
  package let size: Int64

  /// Nil when the file does not exist.
  /// - Parameter isCopy: of a secondary: what can't be read there is not whole.
  package init?(
    _ path: VolumePath, in handle: DirectoryHandle, isCopy: Bool = true,
    readAt: @escaping ReadAt = { pread($0, $1, $2, $3) }
  ) throws(DRError) {
    guard let (file, status) = try handle.file(path, Self.operation) else { return nil }
    self.handle = handle
    self.path = path
    self.file = file
    self.readAt = readAt
    self.isCopy = isCopy
    size = Int64(status.st_size)
    posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  /// Adds exactly `count` bytes at `offset` to the hash.
  /// - Parameter buffer: at least `count` bytes.
  /// - Throws: `.disproved` for content that is not there (a missing shard, and a hole too, is EROFS or ENOENT where the volume is
  ///   read-only and zeros elsewhere; a split brain is EIO; ESTALE if it stays), also where the file ends early; else
  ///   `.transient`.
  package func update(
    _ hash: inout SHA256, at offset: Int64, _ count: Int, through buffer: UnsafeMutableRawBufferPointer
  ) throws(DRError) {
    var done = 0
    while done < count {
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<count])
      let got = try read(part, at: offset + Int64(done))
      guard got > 0 else {
        try checkSize()
        throw DRError(
          .disproved, Self.operation, path.text,
          reason: "\(offset + Int64(done)) of \(size) bytes can be read",
          remedy: isCopy ? "the copy is not whole: synchronise again" : "see to the primary volume first")
      }
      done += got
    }
    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  private func read(_ part: UnsafeMutableRawBufferPointer, at offset: Int64) throws(DRError) -> Int {
    var file = file
    var attempt = 0
    while true {
      let got = retrying { readAt(file.number, part.baseAddress, part.count, off_t(offset)) }
      if got >= 0 { return got }
      let code = errno
      guard code == ESTALE else {
        throw FileFailure.content(Self.operation, path.text, code, at: offset, isCopy: isCopy)
      }
      attempt += 1
      guard attempt <= Self.reopenings, let (again, _) = try handle.file(path, Self.operation) else {
        throw FileFailure.lost(Self.operation, path.text, code, at: offset, isCopy: isCopy)
      }
      file = again
    }
  }

  /// Lets the kernel forget these bytes: an image that is read once must not push out what others need.
  package func dropCache(_ range: Range<Int64>) {
    posix_fadvise(file.number, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
  }

  /// That the file is as long as when it was opened.
  /// - Throws: `.transient` when it is not: somebody writes to it.
  package func checkSize() throws(DRError) {
    var status = stat()
    guard fstat(file.number, &status) == 0 else {
      throw FileFailure.error(Self.operation, path.text, errno)
    }
    guard Int64(status.st_size) == size else {
      throw DRError(
        .transient, Self.operation, path.text,
        reason: "its size changed from \(size) to \(status.st_size) meanwhile")
    }
  }
}
