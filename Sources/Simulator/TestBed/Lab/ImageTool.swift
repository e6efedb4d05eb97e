import DRKit

/// One image file: a volume in vdsm's sense.
struct ImageFile: Hashable, Sendable {
  var path: String
  var format: VolumeFormat

  /// The file's own name: how an overlay beside it names it, as vdsm does, so that the chain also holds elsewhere.
  var name: String {
    String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
  }
}

extension VolumeFormat {
  /// As QEMU calls it.
  var driver: String { self == .raw ? "raw" : "qcow2" }
}

/// `qemu-img`, by argument vector.
enum ImageTool {
  private static let patience = TimeSpan.minutes(2)

  static func create(_ image: ImageFile, size: Int64) throws(DRError) {
    let options = image.format == .cow ? ["-o", "compat=1.1"] : []
    try ChildProcess.run(
      ["qemu-img", "create", "-q", "-f", image.format.driver] + options + [image.path, "\(size)"],
      within: patience)
  }

  /// Creates `overlay` on top of `base`, which lies beside it and is named without its directory.
  static func create(_ overlay: ImageFile, over base: ImageFile, size: Int64) throws(DRError) {
    try ChildProcess.run(
      [
        "qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=1.1", "-b", base.name, "-F",
        base.format.driver,
        overlay.path, "\(size)",
      ], within: patience)
  }

  /// The cold merge of an overlay, whose machine is down, into its backing file.
  ///
  /// `-d`: without it qemu-img zero-ranges the overlay afterwards, which a Gluster FUSE mount silently does not do, and
  /// aborts (docs/real-systems.md, "QEMU", Commit).
  static func commit(_ overlay: ImageFile) throws(DRError) {
    try ChildProcess.run(
      ["qemu-img", "commit", "-q", "-d", "-f", "qcow2", overlay.path], within: .minutes(10))
  }

  /// Points an overlay whose machine is down at another backing file with the same content as before.
  static func rebase(_ overlay: ImageFile, onto base: ImageFile) throws(DRError) {
    try ChildProcess.run(
      ["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", base.name, "-F", base.format.driver, overlay.path],
      within: patience)
  }

  /// Copies what a guest would read to a raw file, holes staying holes. `-U`: also of an image in use.
  static func convert(_ image: ImageFile, toRaw path: String) throws(DRError) {
    try ChildProcess.run(
      ["qemu-img", "convert", "-U", "-f", image.format.driver, "-O", "raw", image.path, path],
      within: patience)
  }
}
