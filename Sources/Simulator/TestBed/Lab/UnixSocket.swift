import DRKit
import Glibc

/// A stream socket of the file system, with a deadline on every call. Closed when the last reference goes.
final class UnixSocket {
  let descriptor: Int32

  /// Takes over an open descriptor (tests use one end of a `socketpair`).
  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Connects to a listening socket, and tries again until `deadline` while nobody listens there yet.
  ///
  /// - Throws: `.timedOut` when nobody listens in time; `.unfit` for a path longer than the kernel takes (107 bytes).
  convenience init(
    path: String, until deadline: LabDeadline, unless hasFailed: () throws(DRError) -> Void = {}
  ) throws(DRError) {
    while true {
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { throw .system("open a socket", path) }
      var address = try Self.address(path)
      let length = socklen_t(MemoryLayout<sockaddr_un>.size)
      let answer = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
      }
      if answer == 0 {
        self.init(descriptor: descriptor)
        return
      }
      let cause = errno
      close(descriptor)
      try hasFailed()
      guard cause == ENOENT || cause == ECONNREFUSED || cause == EINTR || cause == EAGAIN else {
        throw .system("connect", path, cause)
      }
      guard !deadline.hasPassed else {
        throw DRError(.timedOut, "connect", path, reason: "nobody listens there: \(DRError.text(cause))")
      }
      LabTime.sleep(nanoseconds: 10_000_000)
    }
  }

  static func address(_ path: String) throws(DRError) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    let bytes = Array(path.utf8)
    guard bytes.count < capacity else {
      throw DRError(
        .unfit, "open a socket", path,
        reason: "the path has \(bytes.count) bytes, the kernel takes \(capacity - 1)",
        remedy: "choose a shorter run directory")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  /// Sends all of `bytes`.
  func send(_ bytes: UnsafeRawBufferPointer, until deadline: LabDeadline) throws(DRError) {
    var sent = 0
    while sent < bytes.count {
      let n = Glibc.send(
        descriptor, bytes.baseAddress! + sent, bytes.count - sent,
        Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      if n >= 0 {
        sent += n
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: try wait(for: POLLOUT, until: deadline, "send")
      default: throw .system("send", "unix socket")
      }
    }
  }

  func send(_ bytes: [UInt8], until deadline: LabDeadline) throws(DRError) {
    var outcome: Result<Void, DRError> = .success(())
    bytes.withUnsafeBytes { buffer in
      do throws(DRError) { try send(buffer, until: deadline) } catch { outcome = .failure(error) }
    }
    try outcome.get()
  }

  /// Receives at least one byte and at most `buffer.count`.
  /// - Throws: `.transient` when the other side closed.
  func receive(into buffer: UnsafeMutableRawBufferPointer, until deadline: LabDeadline) throws(DRError) -> Int
  {
    while true {
      let n = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      if n > 0 { return n }
      if n == 0 { throw DRError(.transient, "receive", "unix socket", reason: "the other side closed") }
      switch errno {
      case EINTR: continue
      case EAGAIN: try wait(for: POLLIN, until: deadline, "receive")
      default: throw .system("receive", "unix socket")
      }
    }
  }

  /// Receives exactly `count` bytes.
  func receive(exactly count: Int, until deadline: LabDeadline) throws(DRError) -> [UInt8] {
    var outcome: Result<Void, DRError> = .success(())
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(DRError) {
        while filled < count {
          let rest = UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: buffer[filled..<count]))
          filled += try receive(into: rest, until: deadline)
        }
      } catch {
        outcome = .failure(error)
      }
    }
    try outcome.get()
    return bytes
  }

  /// Receives at least one byte and at most `count`.
  func receive(upTo count: Int, until deadline: LabDeadline) throws(DRError) -> [UInt8] {
    var outcome: Result<Void, DRError> = .success(())
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(DRError) {
        filled = try receive(into: UnsafeMutableRawBufferPointer(buffer), until: deadline)
      } catch {
        outcome = .failure(error)
      }
    }
    try outcome.get()
    return bytes
  }

  private func wait(for event: Int32, until deadline: LabDeadline, _ operation: String) throws(DRError) {
    var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    let answer = poll(&entry, 1, deadline.milliseconds)
    if answer > 0 || (answer < 0 && errno == EINTR) { return }
    guard answer == 0 else { throw .system(operation, "unix socket") }
    throw DRError(.timedOut, operation, "unix socket", reason: "no answer before the deadline")
  }
}

extension DRError {
  /// A failed system call, by default with the current `errno`.
  static func system(_ operation: String, _ subject: String, _ code: Int32 = errno) -> DRError {
    let kind: Kind =
      switch code {
      case ENOENT: .missing
      // What a FUSE mount says while its volume is away.
      case EAGAIN, EIO, ENOTCONN, ETIMEDOUT, ESTALE: .transient
      default: .refused
      }
    return DRError(kind, operation, subject, reason: text(code))
  }

  static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
