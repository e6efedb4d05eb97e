import Crypto
import DRKit
import Glibc
import GlusterFiles
import Synchronization

/// A volume (or, for tests, any directory) seen through one open directory descriptor.
///
/// Of a mounted volume the descriptor is all there is: `GlusterMount` has detached the mount from the name space already,
/// and with the last descriptor (at `close`, or when this process ends in whatever way) the kernel ends the mount and its
/// client process.
public final class GlusterVolumeView: VolumeView {
  private let files: Mutex<VolumeFiles?>
  private let thread: FileThread
  /// `server:/volume`, which stands before the path in errors; empty for a directory.
  private let label: String

  /// A view of a directory of this host.
  /// - Parameter deadline: for one call into the file system; a digest has it for every MiB.
  /// - Throws: `.unfit` when there is no such directory.
  public convenience init(directory path: String, deadline: TimeSpan = .seconds(120)) throws(DRError) {
    self.init(VolumeFiles(handle: try DirectoryHandle(path: path)), deadline: deadline)
  }

  /// Takes over an open directory descriptor.
  public convenience init(
    takingDirectoryDescriptor descriptor: Int32, deadline: TimeSpan = .seconds(120)
  ) {
    self.init(VolumeFiles(handle: DirectoryHandle(Descriptor(descriptor))), deadline: deadline)
  }

  init(_ files: VolumeFiles, of label: String = "", deadline: TimeSpan) {
    self.files = Mutex(files)
    self.label = label
    self.thread = FileThread(deadline: deadline)
  }

  public func read(_ path: String) async throws(DRError) -> [UInt8]? {
    let path = try VolumePath(path)
    return try await perform("read a file", path) { files throws(DRError) in try files.read(path) }
  }

  public func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    let path = try VolumePath(path)
    return try await perform("read a file", path) { files throws(DRError) in
      try files.read(path, at: offset, count: count)
    }
  }

  public func list(_ directory: String) async throws(DRError) -> [String]? {
    let path = try VolumePath(directory: directory)
    return try await perform("list a directory", path) { files throws(DRError) in try files.list(path) }
  }

  public func size(of path: String) async throws(DRError) -> Int64? {
    let path = try VolumePath(path)
    return try await perform("read a file's size", path) { files throws(DRError) in try files.size(path) }
  }

  /// Errors beyond the port's: `.transient` when the file changed while it was read.
  public func digest(of path: String) async throws(DRError) -> FileDigest? {
    // One block that no file is longer than.
    guard let whole = try await digests(of: path, DigestPlan(block: .max)) else { return nil }
    let hash = whole.blocks.first?.hash ?? BlockHash(SHA256().finalize())
    return FileDigest(size: whole.size, sha256: hash.hexadecimal)
  }

  /// Errors beyond the port's: `.transient` when the file changed while it was read.
  public func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    let path = try VolumePath(path)
    let operation = "digest a file"
    let opened = try await perform(operation, path) { files throws(DRError) in
      try BlockReader(path, in: files.handle, isCopy: files.isCopy)
    }
    guard let opened else { return nil }
    var blocks: [BlockDigests.Block] = []
    for index in plan.indices(size: opened.size) {
      var hash = SHA256()
      var offset = index * plan.block
      let end = offset + min(plan.block, opened.size - offset)
      while offset < end {
        let (position, count, state) = (offset, Int(min(Int64(BlockReader.chunk), end - offset)), hash)
        // A hop for each MiB: every one of them has the deadline, and a cancelled task is heard.
        hash = try await perform(operation, path) { _ throws(DRError) in
          var hash = state
          let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4_096)
          defer { buffer.deallocate() }
          try opened.update(&hash, at: position, count, through: buffer)
          return hash
        }
        offset += Int64(count)
      }
      blocks.append(BlockDigests.Block(index: index, hash: BlockHash(hash.finalize())))
    }
    try await perform(operation, path) { _ throws(DRError) in try opened.checkSize() }
    return BlockDigests(size: opened.size, block: plan.block, blocks: blocks)
  }

  public func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    let path = try VolumePath(path)
    try await perform("replace a file", path) { files throws(DRError) in
      try files.replace(path, with: bytes)
    }
  }

  public func remove(_ path: String) async throws(DRError) {
    let path = try VolumePath(path)
    try await perform("remove a file", path) { files throws(DRError) in try files.remove(path) }
  }

  public func space() async throws(DRError) -> VolumeSpace {
    try await perform("read a volume's space", VolumePath(directory: "")) { files throws(DRError) in
      try files.space()
    }
  }

  /// Lets go of the descriptor. Repeating it is harmless; calls that still run keep it until they end.
  public func close() async {
    // The last close of a FUSE mount may wait for its server: not on this thread.
    await thread.finish { [self] in
      _ = files.withLock { files in
        defer { files = nil }
        return files
      }
    }
  }

  /// Runs a blocking operation on this view's files.
  /// - Throws: `.unfit` after `close`.
  func perform<T: Sendable>(
    _ operation: String, _ path: VolumePath,
    _ body: @escaping @Sendable (VolumeFiles) throws(DRError) -> T
  ) async throws(DRError) -> T {
    guard let files = files.withLock({ $0 }) else {
      throw DRError(.unfit, operation, subject(path), reason: "the view has been closed")
    }
    do throws(DRError) {
      return try await thread.perform(operation, path.text) { () throws(DRError) in try body(files) }
    } catch {
      guard !label.isEmpty, error.kind != .stopped else { throw error }
      // The operations below know paths only; which of the two volumes it was is half of the message.
      var named = error
      named.subject = error.subject.isEmpty ? label : "\(label)/\(error.subject)"
      throw named
    }
  }

  private func subject(_ path: VolumePath) -> String {
    label.isEmpty ? path.text : path.text.isEmpty ? label : "\(label)/\(path.text)"
  }
}
