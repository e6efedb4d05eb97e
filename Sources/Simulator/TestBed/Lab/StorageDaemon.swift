import DRKit
import Glibc

/// One `qemu-storage-daemon`: the block layer of one running machine, with its disks exported over NBD.
///
/// Blocking; used by one thread. It is our child: ended by its pid, never by name. How QEMU
/// behaves is in docs/real-systems.md, "QEMU".
final class StorageDaemon {
  struct Options: Hashable, Sendable {
    /// `threads`, `native` or `io_uring`; no clear winner was measured.
    var aio = "threads"
    /// Whether images bypass the page cache (`cache.direct`), as oVirt's do.
    var isDirect = true
  }

  /// A volume as QEMU has it open: a format node over a file node (`<node>f`).
  struct Layer: Hashable, Sendable {
    var node: String
    var image: ImageFile
    var fileNode: String { node + "f" }
  }

  let name: String
  /// Where the exports are; each is called by its disk's id.
  let nbdPath: String
  let qmp: QMPConnection
  private let options: Options
  private let process: ChildProcess
  private let files: RunFiles
  private var lastNode = 0
  /// Per disk its open chain, the bottom first.
  private(set) var chains: [DiskID: [Layer]] = [:]

  private struct RunFiles {
    let qmp, nbd, pid, log: String
  }

  /// Starts it and waits (at most 30 s) for its monitor.
  ///
  /// - Parameter directory: For its sockets, pid file and log, called `<name>.*`. A daemon that an earlier bed left there
  ///   is ended first.
  init(name: String, directory: String, options: Options = Options()) throws(DRError) {
    let base = "\(directory)/\(name)"
    let files = RunFiles(qmp: base + ".qmp", nbd: base + ".nbd", pid: base + ".pid", log: base + ".log")
    _ = try UnixSocket.address(files.nbd)
    try Self.endLeftover(files)
    let log = open(files.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard log >= 0 else { throw .system("open a log", files.log) }
    defer { close(log) }
    let process = try ChildProcess(
      [
        "qemu-storage-daemon",
        "--chardev", "socket,id=q,path=\(Self.escaped(files.qmp)),server=on,wait=off", "--monitor",
        "chardev=q",
        "--nbd-server", "addr.type=unix,addr.path=\(Self.escaped(files.nbd)),max-connections=64",
        "--pidfile", files.pid,
      ], output: log)
    self.name = name
    self.options = options
    self.files = files
    self.process = process
    nbdPath = files.nbd
    do throws(DRError) {
      let deadline = LabDeadline(in: .seconds(30))
      let socket = try UnixSocket(path: files.qmp, until: deadline) { () throws(DRError) in
        guard let exit = process.poll() else { return }
        let words = (try? LabFiles.text(files.log))?.split(separator: "\n").last ?? ""
        throw DRError(.refused, "start qemu-storage-daemon", name, reason: "it ended with \(exit): \(words)")
      }
      qmp = try QMPConnection(socket, until: deadline)
    } catch {
      process.end()
      throw error
    }
  }

  /// In QEMU's option strings a comma within a value is doubled.
  private static func escaped(_ value: String) -> String {
    value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
  }

  /// Ends the daemon that a killed bed left behind, if the pid file's process still is that daemon.
  private static func endLeftover(_ files: RunFiles) throws(DRError) {
    if let text = try? LabFiles.text(files.pid), let pid = pid_t(text.filter { !$0.isWhitespace }), pid > 1,
      let command = try? LabFiles.text("/proc/\(pid)/cmdline"), command.hasPrefix("qemu-storage-daemon\0"),
      command.contains("path=\(escaped(files.qmp)),")
    {
      kill(pid, SIGTERM)
      let deadline = LabDeadline(in: .seconds(10))
      while kill(pid, 0) == 0 {
        guard !deadline.hasPassed else {
          throw DRError(.busy, "end the daemon of an earlier bed", "pid \(pid)", reason: "it does not end")
        }
        LabTime.sleep(nanoseconds: 20_000_000)
      }
    }
    for path in [files.qmp, files.nbd, files.pid] { unlink(path) }
  }

  /// Opens a disk's chain (the bottom first, never empty) and exports its top.
  func attach(_ disk: DiskID, chain images: [ImageFile]) throws(DRError) {
    var layers: [Layer] = []
    for image in images { layers.append(try add(image, over: layers.last)) }
    guard let top = layers.last else {
      throw DRError(.unfit, "attach a disk", "\(disk)", reason: "its chain is empty")
    }
    try qmp.execute(
      "block-export-add",
      [
        "type": "nbd", "id": .string("x-\(disk)"), "node-name": .string(top.node), "name": .string("\(disk)"),
        "writable": true,
      ])
    chains[disk] = layers
  }

  /// Adds an image's two nodes. `backing`: the layer below; nil for a bottom, or for an overlay that a transaction is
  /// going to put on top.
  ///
  /// `discard: unmap` on both: a guest's zeroes must not be left to FALLOC_FL_ZERO_RANGE, which a Gluster FUSE mount
  /// acknowledges without doing it.
  func add(_ image: ImageFile, over backing: Layer?) throws(DRError) -> Layer {
    lastNode += 1
    let layer = Layer(node: "v\(lastNode)", image: image)
    let cache: LabJSON = ["direct": .bool(options.isDirect)]
    try qmp.execute(
      "blockdev-add",
      [
        "driver": "file", "node-name": .string(layer.fileNode), "filename": .string(image.path),
        "aio": .string(options.aio), "cache": cache, "discard": "unmap",
      ])
    var members: [LabJSON.Member] = [
      .init(name: "driver", value: .string(image.format.driver)),
      .init(name: "node-name", value: .string(layer.node)),
      .init(name: "file", value: .string(layer.fileNode)),
      .init(name: "cache", value: cache),
      .init(name: "discard", value: "unmap"),
    ]
    if image.format == .cow {
      members.append(.init(name: "backing", value: backing.map { .string($0.node) } ?? .null))
    }
    do throws(DRError) {
      try qmp.execute("blockdev-add", .object(members))
    } catch {
      _ = try? qmp.execute("blockdev-del", ["node-name": .string(layer.fileNode)])
      throw error
    }
    return layer
  }

  /// Closes an image's two nodes.
  func remove(_ layer: Layer) throws(DRError) {
    try qmp.execute("blockdev-del", ["node-name": .string(layer.node)])
    try qmp.execute("blockdev-del", ["node-name": .string(layer.fileNode)])
  }

  func chain(of disk: DiskID) throws(DRError) -> [Layer] {
    guard let chain = chains[disk], !chain.isEmpty else {
      throw DRError(.missing, "find an attached disk", "\(disk)", reason: "\(name) has no such disk")
    }
    return chain
  }

  func setChain(of disk: DiskID, _ chain: [Layer]) { chains[disk] = chain }

  /// Closes all images in order and ends. Writers should have disconnected.
  func quit() {
    // The answer may be cut off by the end it asks for.
    _ = try? qmp.execute("quit", within: .seconds(10))
    if process.wait(until: LabDeadline(in: .seconds(30))) == nil { process.end() }
    for path in [files.qmp, files.nbd, files.pid] { unlink(path) }
  }

  /// Why the daemon is gone; nil while it runs.
  var end: ChildProcess.Exit? { process.poll() }

  deinit { process.end() }
}
