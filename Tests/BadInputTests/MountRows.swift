import DRKit
import Glibc
import GlusterFiles
import Testing

@testable import DRKit
@testable import GlusterCLI

/// A `mount` that says so, and mounts nothing.
private struct SaysMount: CommandRunner {
  var result: CommandResult

  init(_ exit: Int32, _ error: String = "") {
    result = CommandResult(.exited(exit), errorOutput: Array(error.utf8))
  }

  func run(_ command: Command) async throws(DRError) -> CommandResult { result }
}

extension BadInput {
  private static func mount(_ shown: String, _ runner: SaysMount) -> BadInput {
    BadInput(.mount, shown) {
      try await Scratch.with { directory in
        let mount = try GlusterMount(
          server: "a1", volume: "data", runner: runner, directory: directory, logFile: "/tmp/x.log")
        _ = try await mount.view()
      }
    }
  }

  private static func named(_ shown: String, _ server: String, _ volume: String, _ directory: String)
    -> BadInput
  {
    BadInput(.mount, shown) {
      _ = try GlusterMount(
        server: server, volume: volume, runner: SaysMount(0), directory: directory, logFile: "/tmp/x.log")
    }
  }

  /// A directory stands for a mount: what lies on it is the same to the adapter.
  private static func view(
    _ shown: String, _ prepare: @escaping @Sendable (String) throws -> Void, read path: String
  ) -> BadInput {
    BadInput(.mount, shown) {
      try await Scratch.with { directory in
        try prepare(directory)
        let view = try GlusterVolumeView(directory: directory)
        _ = try await view.read(path)
      }
    }
  }

  private static func code(_ shown: String, _ code: Int32) -> BadInput {
    BadInput(.mount, shown) { throw FileFailure.error("read a file", "images/x", code) }
  }

  private static let metaText = """
    DOMAIN=11111111-1111-1111-1111-111111111111
    IMAGE=22222222-2222-2222-2222-222222222222
    LEGALITY=LEGAL
    PUUID=00000000-0000-0000-0000-000000000000
    VOLTYPE=LEAF
    EOF

    """

  private static func meta(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    BadInput(.mount, ".meta: \(shown ?? new)") {
      _ = try VolumeMetadata(Array(try changed(metaText, old, new).utf8), path: "images/x/y.meta")
    }
  }

  static let mountRows: [BadInput] = [
    mount("mount says success, and nothing is mounted", SaysMount(0)),
    mount("mount: unknown filesystem type", SaysMount(1, "mount: unknown filesystem type 'glusterfs'.\n")),
    mount("mount: must be superuser", SaysMount(1, "mount: /x: must be superuser to use mount.\n")),
    mount("Mount failed", SaysMount(1, "Mount failed. Check the log file for more details.\n")),
    named("a server called -o,exec", "-o,exec", "data", "/run/x"),
    named("a volume called da/ta", "a1", "da/ta", "/run/x"),
    named("mounts in run/drkit", "a1", "data", "run/drkit"),
    BadInput(.mount, "mounts in /proc/drkit") { _ = try MountPoint(in: "/proc/drkit") },
    BadInput(.mount, "a directory that does not exist") {
      try await Scratch.with { _ = try DirectoryHandle(path: "\($0)/nowhere") }
    },
    view("a symbolic link for a directory", { symlink("/etc", "\($0)/images") }, read: "images/hostname"),
    view("a symbolic link for a file", { symlink("/etc/hostname", "\($0)/x") }, read: "x"),
    view("a FIFO", { mkfifo("\($0)/x", 0o600) }, read: "x"),
    view("a directory for a file", { mkdir("\($0)/x", 0o700) }, read: "x"),
    view("the path ../etc/passwd", { _ in }, read: "../etc/passwd"),
    view("the path /etc/passwd", { _ in }, read: "/etc/passwd"),
    view(
      "a small file of 2 MiB", { try Scratch.put([UInt8](repeating: 1, count: 2 << 20), "\($0)/x") },
      read: "x"),
    code("ENOTCONN", ENOTCONN), code("EROFS", EROFS), code("ENOSPC", ENOSPC), code("EACCES", EACCES),
    BadInput(.mount, "EIO while the secondary's content is read") {
      throw FileFailure.content("read a file", "images/x", EIO, at: 67_108_864, isCopy: true)
    },
    BadInput(.mount, "a shard of the original is missing") {
      throw FileFailure.content("read a file", "images/x", ENOENT, at: 67_108_864, isCopy: false)
    },
    BadInput(.mount, ".meta: an empty file") { _ = try VolumeMetadata([], path: "images/x/y.meta") },
    meta("EOF\n", "", as: "no EOF"), meta("VOLTYPE=LEAF", "VOLTYPE=ROOT"),
    meta("PUUID=00000000-0000-0000-0000-000000000000", "PUUID=none"),
    meta("LEGALITY=LEGAL\n", "", as: "no LEGALITY"),
    meta("LEGALITY=LEGAL", "\u{1b}]0;x\u{7}", as: "an escape sequence for a line"),
  ]

  static let recordRows: [BadInput] = [
    BadInput(.database, "a record at the secondary: an empty file") {
      _ = try RecordCoding.intent([], path: ".drkit-points/x/y.intent.json")
    },
    BadInput(.database, "a record at the secondary: cut off") {
      _ = try RecordCoding.manifest(Array("{\"format\":1,\"poi".utf8), path: ".drkit-points/x/y.json")
    },
    BadInput(.database, "a record at the secondary: {\"format\":2}") {
      _ = try RecordCoding.manifest(Array("{\"format\":2}".utf8), path: ".drkit-points/x/y.json")
    },
    BadInput(.database, "a journalled step: {\"machines\":7}") {
      _ = try JournalCoding.decode(
        QuiescePlan.self, from: Array("{\"machines\":7}".utf8), for: "quiesce.plan")
    },
  ]
}
