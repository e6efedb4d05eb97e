import Glibc

/// A loopback port that is surely refused: bound, so that no other test gets it, and never listened on.
struct ClosedPort {
  let port: Int
  private let descriptor: Int32

  struct CannotBind: Error { let code: Int32 }

  init() throws(CannotBind) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let file = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    guard isBound else { throw CannotBind(code: errno) }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  func release() { close(descriptor) }
}
