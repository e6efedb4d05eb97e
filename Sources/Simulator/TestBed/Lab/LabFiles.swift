import DRKit
import Glibc

/// The few file operations that vdsm's layout takes. On a FUSE mount each may block for as long as Gluster does.
enum LabFiles {
  /// vdsm's user and kvm's group, which own all that oVirt keeps on a storage domain.
  private static let owner: (uid_t, gid_t) = (36, 36)

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func bytes(_ path: String) throws(DRError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("open", path) }
    defer { close(descriptor) }
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let n = read(descriptor, &chunk, chunk.count)
      if n < 0 && errno == EINTR { continue }
      guard n >= 0 else { throw .system("read", path) }
      guard n > 0 else { return all }
      all += chunk[..<n]
    }
  }

  static func text(_ path: String) throws(DRError) -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }

  /// Creates the file, or overwrites its beginning *in place*; it never gets shorter. Durable on return.
  static func overwrite(
    _ path: String, _ bytes: [UInt8], size: Int64? = nil, forVDSM: Bool = true
  ) throws(DRError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o660)
    guard descriptor >= 0 else { throw .system("create", path) }
    defer { close(descriptor) }
    // Whatever the umask says.
    guard insist({ fchmod(descriptor, forVDSM ? 0o660 : 0o644) }) else {
      throw .system("change the mode of", path)
    }
    if let size, !insist({ ftruncate(descriptor, off_t(size)) }) { throw .system("resize", path) }
    var done = 0
    while done < bytes.count {
      let n = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, bytes.count - done) }
      if n < 0 && errno == EINTR { continue }
      guard n >= 0 else { throw .system("write", path) }
      done += n
    }
    guard fsync(descriptor) == 0 else { throw .system("sync", path) }
    if forVDSM { try giveToVDSM(path) }
  }

  /// Puts a whole new content in place at once: `<path>.new`, then a rename, as vdsm writes its metadata.
  static func replace(_ path: String, _ content: String, forVDSM: Bool = true) throws(DRError) {
    let new = path + ".new"
    unlink(new)
    try overwrite(new, Array(content.utf8), forVDSM: forVDSM)
    guard rename(new, path) == 0 else { throw .system("rename", new) }
  }

  /// Creates the directory and those above it.
  static func makeDirectory(_ path: String, forVDSM: Bool = true) throws(DRError) {
    if exists(path) { return }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try makeDirectory(String(path[..<slash]), forVDSM: forVDSM)
    }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .system("create a directory", path) }
    if forVDSM { try giveToVDSM(path) }
  }

  /// Removes a file; one that is not there is removed already.
  static func remove(_ path: String) throws(DRError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw .system("remove", path) }
  }

  /// Glusterfs 10.3 answers EINVAL once in a while to a change of a file just created on a sharded volume, and not again at
  /// the next try.
  private static func insist(_ call: () -> Int32) -> Bool {
    for attempt in 1...20 {
      if call() == 0 { return true }
      guard errno == EINVAL, attempt < 20 else { return false }
      usleep(50_000)
    }
    return false
  }

  /// The mode of a volume that `qemu-img` created.
  static func setVolumeMode(_ path: String) throws(DRError) {
    guard insist({ chmod(path, 0o660) }) else { throw .system("change the mode of", path) }
    try giveToVDSM(path)
  }

  /// Hands a file over to vdsm, where that is possible (as root).
  static func giveToVDSM(_ path: String) throws(DRError) {
    guard geteuid() == 0 else { return }
    guard insist({ chown(path, owner.0, owner.1) }) else { throw .system("change the owner of", path) }
  }
}
