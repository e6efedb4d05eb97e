import DRKit

@testable import OVirtClient

/// Where the deadline is not the subject it must not be what ends the request: simulator tests can hold every core for longer than
/// ten seconds.
let patience = TimeSpan.seconds(600)

func makeTransport(
  _ kind: TransportKind, _ port: Int, deadline: TimeSpan = patience, bodyLimit: Int = 1_000_000
) throws -> any OVirtTransport {
  try kind.make(
    address: try EngineAddress(url: "http://127.0.0.1:\(port)"), authority: .system, deadline: deadline,
    bodyLimit: bodyLimit)
}

func outcome(_ transport: any OVirtTransport, _ request: OVirtRequest) async -> Outcome {
  do throws(TransportError) {
    return .success(try await transport.send(request))
  } catch {
    return .failure(error)
  }
}

/// What one `GET /x` gets from a server that does these steps.
func outcome(
  _ kind: TransportKind, of steps: [MisbehavingServer.Step], deadline: TimeSpan = patience,
  request: OVirtRequest = OVirtRequest(.get, "/x")
) async throws -> Outcome {
  let server = try await MisbehavingServer { _, _ in steps }
  let transport = try makeTransport(kind, server.port, deadline: deadline)
  let result = await outcome(transport, request)
  await transport.shutdown()
  await server.stop()
  return result
}
