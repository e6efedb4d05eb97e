import Crypto
import DRKit
import Glibc
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
  private let isCopy: Bool

  /// One read of a digest. Larger ones gain nothing: FUSE cuts them into 128 KiB to 1 MiB.
  static let block = 1 << 20

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
    self.isCopy = files.isCopy
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
    let path = try VolumePath(path)
    let operation = "digest a file"
    let opened = try await perform(operation, path) { files throws(DRError) in
      try files.handle.file(path, operation).map {
        OpenFile(descriptor: $0.0, size: Int64($0.1.st_size), isCopy: files.isCopy)
      }
    }
    guard let opened else { return nil }
    var hash = SHA256()
    var offset: Int64 = 0
    while true {
      let position = offset
      let state = hash
      // A hop for each MiB: every one of them has the deadline, and a cancelled task is heard.
      let step = try await perform(operation, path) { _ throws(DRError) in
        try opened.digestBlock(state, at: position, path, operation)
      }
      hash = step.hash
      offset += Int64(step.count)
      if step.count < Self.block { break }
    }
    let end = try await perform(operation, path) { _ throws(DRError) in
      try opened.sizeNow(path, operation)
    }
    guard end == opened.size else {
      throw DRError(
        .transient, operation, subject(path),
        reason: "its size changed from \(opened.size) to \(end) meanwhile")
    }
    guard offset == opened.size else {
      throw DRError(
        .disproved, operation, subject(path), reason: "\(offset) of \(opened.size) bytes can be read",
        remedy: isCopy ? "the copy is not whole: synchronise again" : "see to the primary volume first")
    }
    return FileDigest(size: offset, sha256: Hexadecimal.text(hash.finalize()))
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

/// A file being digested.
private struct OpenFile: Sendable {
  var descriptor: Descriptor
  /// When it was opened.
  var size: Int64
  var isCopy: Bool

  struct Step: Sendable {
    var hash: SHA256
    var count: Int
  }

  func digestBlock(
    _ hash: SHA256, at offset: Int64, _ path: VolumePath, _ operation: String
  ) throws(DRError) -> Step {
    var buffer = [UInt8](repeating: 0, count: GlusterVolumeView.block)
    let count = try VolumeFiles.fill(&buffer, from: descriptor, at: offset, path, operation, isCopy)
    var hash = hash
    buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    return Step(hash: hash, count: count)
  }

  func sizeNow(_ path: VolumePath, _ operation: String) throws(DRError) -> Int64 {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else {
      throw FileFailure.error(operation, path.text, errno)
    }
    return Int64(status.st_size)
  }
}

enum Hexadecimal {
  /// Two lower-case digits a byte.
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    for byte in bytes {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }
}
