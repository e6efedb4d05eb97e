import AgentProtocol
import DRKit
import Glibc
import GlusterFiles

/// The program `drkit-agent`: runs on a storage node for one question, is spoken to over ssh, listens nowhere.
public enum AgentProgram {
  /// Exit codes, as `sysexits.h` numbers them.
  private static let usage: Int32 = 64
  private static let nobodyListens: Int32 = 74
  private static let stalled: Int32 = 75

  static let help = """
    drkit-agent: digests a file of a Gluster volume where its bytes are, for drctl.

      drkit-agent hello
      drkit-agent digest (--server HOST [--backup-servers HOST,…] --volume NAME | --directory DIR) --path PATH --block BYTES
                         [--sample COUNT --seed NUMBER] [--rate BYTES] [--threads COUNT]

    PATH is relative to the volume's root or to DIR. --block is the volume's shard size. --sample takes COUNT blocks, drawn
    from NUMBER. --rate is bytes a second over all threads; --threads is one a core. Says JSON lines on standard output.

    Exit codes: 0 the file was digested, or there is none; 1 it could not be; 64 usage; 75 the volume stopped answering.

    """

  /// - Parameter arguments: without `argv[0]`.
  /// - Returns: the exit code. May end the process by itself: see `watch`.
  public static func run(_ arguments: [String], output: Int32 = STDOUT_FILENO) -> Int32 {
    if ["--help", "-h"].contains(arguments.first) {
      return LineWriter.write(Array(help.utf8), to: output) ? 0 : nobodyListens
    }
    // A listener that went away is an error of `write`, not a signal.
    signal(SIGPIPE, SIG_IGN)
    let writer = LineWriter(output)
    let request: AgentRequest
    do throws(DRError) { request = try AgentRequest(arguments: arguments) } catch {
      _ = LineWriter.write(Array("drkit-agent: \(error)\n".utf8), to: STDERR_FILENO)
      return usage
    }
    guard writer.say(.hello(version: AgentLine.version, threads: WorkerThreads.cores)) else {
      return nobodyListens
    }
    guard case .digest(let order) = request else { return 0 }
    do throws(DRError) {
      return writer.say(try answer(order, writer), isLast: true) ? 0 : nobodyListens
    } catch {
      writer.say(.failed(error), isLast: true)
      return 1
    }
  }

  private static func answer(_ order: DigestOrder, _ writer: LineWriter) throws(DRError) -> AgentLine {
    let path = try VolumePath(order.path)
    let progress = Progress()
    watch(progress, writer)
    let handle: DirectoryHandle
    switch order.source {
    case .directory(let directory): handle = try DirectoryHandle(path: directory)
    case .volume(let server, let name):
      handle = try FreshMount.open(server: server, volume: name, backupServers: order.backupServers)
    }
    let job = DigestJob(
      path, in: handle, order.plan, threads: order.threads ?? WorkerThreads.cores, rate: order.rate,
      progress: progress)
    let block = order.plan.block
    let listener = DigestJob.Listener(
      begun: { size, blocks in writer.say(.file(size: size, block: block, blocks: blocks)) },
      block: { writer.say(.block($0)) })
    guard let digests = try job.run(listener) else { return .missing }
    return .done(blocks: Int64(digests.blocks.count), root: digests.root)
  }

  /// Ends the process when nobody listens any more, or when the volume has stopped answering: what hangs in the kernel can't
  /// be ended in any other way. The mount ends with it.
  private static func watch(_ progress: Progress, _ writer: LineWriter) {
    WorkerThreads.detach {
      var watch = StallWatch(now: MonotonicClock.nanoseconds)
      while true {
        sleep(1)
        if writer.hasEnded { return }
        switch watch.look(progress.bytes, now: MonotonicClock.nanoseconds) {
        case .fine: break
        case .alive: if !writer.say(.alive(bytes: progress.bytes)) { _exit(nobodyListens) }
        case .stalled:
          let error = DRError(
            .transient, "digest a file",
            reason: "the volume has not answered for \(watch.limit / 1_000_000_000) s",
            remedy: "see that the volume's bricks are up")
          writer.say(.failed(error), isLast: true)
          _exit(stalled)
        }
      }
    }
  }
}
