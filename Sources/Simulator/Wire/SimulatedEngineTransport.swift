import DRKit
import OVirtClient
import Simulator
import TestBed

/// The web service of one world's engine: its sessions outlive the clients. Used on the loop's thread only.
public final class SimulatedEngineSite: @unchecked Sendable {
  private var service: EngineService

  /// - Parameter seed: of the tokens.
  public init(seed: Seed) {
    service = EngineService(credentials: .standard, tokens: .seeded(Randomness(seed)))
  }

  /// Answers a request at one instant, with the plan's faults and the oracle's eyes on it.
  func respond(to request: BedRequest, _ world: SimulatedWorld, _ now: Instant) -> BedResponse {
    let verb = EngineService.machineVerb(of: request, engine: world.engine)
    return world.withEngine(for: verb) { service.respond(to: request, engine: &$0, now: now) }
  }
}

/// An `OVirtTransport` to a simulated engine: the same bytes as over HTTP, in virtual time, through the world's latencies, its
/// faults and the boundaries at which the process under test may die.
public struct SimulatedEngineTransport: OVirtTransport {
  private let caller: PortCaller
  private let site: SimulatedEngineSite

  public init(_ site: SimulatedEngineSite, _ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: .engine)
    self.site = site
  }

  public func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    let received = BedRequest(
      request.method.rawValue, request.target, headers: request.headers.map { ($0.name, $0.value) },
      body: request.body ?? [])
    let site = site
    let delivery: Delivery<BedResponse>
    do throws(DRError) {
      delivery = try await caller.deliver(PortLatency.rest) { (world, now) in
        site.respond(to: received, world, now)
      }
    } catch {
      throw error.kind == .stopped ? .cancelled : .unreachable(error.reason)
    }
    switch delivery {
    case .unreachable: throw .unreachable("no route to host (simulated)")
    case .answerLost: throw .truncated("connection reset before the answer (simulated)")
    case .answered(let response):
      return OVirtReply(
        status: response.status, headers: response.headers.map { OVirtRequest.Item($0.name, $0.value) },
        body: response.body)
    }
  }

  public func shutdown() async {}
}
