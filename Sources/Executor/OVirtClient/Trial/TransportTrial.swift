import DRKit

/// The conformance rows that need a process of their own, since they are about its memory: a large body, and very many
/// requests. Server and transport share the process.
public enum TransportTrial {
  public struct Row: Sendable, Hashable {
    public var transport: TransportKind
    public var name: String
    /// Replies that were right, of so many.
    public var passed: Int
    public var wanted: Int
    /// How much resident memory grew, in bytes: for good with many requests, at its peak with large bodies; and how much
    /// it may.
    public var growth: Int
    public var limit: Int
    public var descriptorGrowth: Int
    public var isGood: Bool { passed == wanted && growth <= limit && descriptorGrowth <= 8 }
  }

  /// `ca` signed `certificate`, which is for 127.0.0.1; all PEM files.
  public struct Files: Sendable {
    public var ca: String
    public var certificate: String
    public var key: String

    public init(ca: String, certificate: String, key: String) {
      self.ca = ca
      self.certificate = certificate
      self.key = key
    }
  }

  private static let megabyte = 1 << 20
  private static let largeBody = 100 * megabyte
  /// Far beyond what a loaded machine needs; a hang must end some day.
  private static let deadline = TimeSpan.minutes(10)

  /// - Parameter requests: 100...10 million; 10,000 is the row's number.
  /// - Throws: `.unfit` if a file can't be used, `.transient` if the server can't be started.
  public static func run(
    _ kind: TransportKind, requests: Int, _ files: Files
  ) async throws(DRError) -> [Row] {
    let server = try await TrialServer(certificate: files.certificate, key: files.key)
    let address = try EngineAddress(url: "https://127.0.0.1:\(server.port)")
    func transport(_ limit: Int) throws(DRError) -> any OVirtTransport {
      try kind.make(
        address: address, authority: .file(files.ca), deadline: deadline, bodyLimit: limit)
    }
    var rows: [Row] = []
    let small = try transport(megabyte)
    rows.append(try await many(kind, small, requests))
    rows.append(try await tooLarge(kind, small))
    await small.shutdown()
    let wide = try transport(largeBody)
    rows.append(try await large(kind, wide))
    await wide.shutdown()
    await server.stop()
    return rows
  }

  /// Flat memory: after a warm-up of a tenth, what is left over for each request.
  private static func many(
    _ kind: TransportKind, _ transport: any OVirtTransport, _ count: Int
  ) async throws(DRError) -> Row {
    let warmUp = count / 10
    var passed = await good(transport, warmUp)
    let before = try MemoryUse.begin()
    passed += await good(transport, count - warmUp)
    // Flat is what the allocator's own noise allows. 0.7 kB for each request, as a cancelled `Task.sleep` once left behind,
    // is more than twice this at 10,000.
    return try row(
      kind, "\(count) requests, one after the other", passed, count, before, peak: false,
      limit: 2 * megabyte + (count - warmUp) * 100)
  }

  private static func good(_ transport: any OVirtTransport, _ count: Int) async -> Int {
    var good = 0
    for _ in 0..<count {
      let request = OVirtRequest(
        .get, "/ovirt-engine/api", headers: [.init("Authorization", "Bearer 0123456789")])
      let reply = try? await transport.send(request)
      if reply?.status == 200, reply?.body.last == UInt8(ascii: "}") { good += 1 }
    }
    return good
  }

  /// A body over the limit costs no more than the limit.
  private static func tooLarge(_ kind: TransportKind, _ transport: any OVirtTransport) async throws(DRError)
    -> Row
  {
    let before = try MemoryUse.begin()
    var passed = 0
    for _ in 0..<3 {
      do throws(TransportError) {
        _ = try await transport.send(OVirtRequest(.get, "/large/\(largeBody)"))
      } catch {
        if error == .tooLarge(limit: megabyte) { passed += 1 }
      }
    }
    return try row(
      kind, "100 MB body over a limit of 1 MB, 3 times", passed, 3, before, peak: true,
      limit: 32 * megabyte)
  }

  /// A body up to the limit arrives whole. Buffers grow by doubling, and Foundation's types want a copy each.
  private static func large(_ kind: TransportKind, _ transport: any OVirtTransport) async throws(DRError)
    -> Row
  {
    let before = try MemoryUse.begin()
    var passed = 0
    for _ in 0..<3 {
      let reply = try? await transport.send(OVirtRequest(.get, "/large/\(largeBody)"))
      if reply?.body.count == largeBody, reply?.body.allSatisfy({ $0 == 0x78 }) == true { passed += 1 }
    }
    return try row(
      kind, "100 MB body, whole, 3 times", passed, 3, before, peak: true,
      limit: 4 * largeBody)
  }

  private static func row(
    _ kind: TransportKind, _ name: String, _ passed: Int, _ wanted: Int, _ before: MemoryUse,
    peak: Bool, limit: Int
  ) throws(DRError) -> Row {
    let after = try MemoryUse.end()
    return Row(
      transport: kind, name: name, passed: passed, wanted: wanted,
      growth: (peak ? after.peak : after.resident) - before.resident,
      limit: limit, descriptorGrowth: after.descriptors - before.descriptors)
  }
}
