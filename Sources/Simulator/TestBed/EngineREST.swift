import DRKit
import Simulator

/// A test bed's engine over HTTP, without HTTP: a request in, a response out. What carries the messages (Hummingbird, a
/// test) is not its business, what they say is `EngineService`'s.
public struct EngineREST: Sendable {
  public let bed: BedEngine
  let log: @Sendable (String) -> Void

  /// - Parameters:
  ///   - idle: how long a session may be idle.
  ///   - clock: wall-clock time.
  ///   - log: told one line for each request: method, path, status; no headers, no query, no body.
  public init(
    model: EngineModel, credentials: BedCredentials, performer: (any WorkPerformer)? = nil,
    delays: WorkDelays = WorkDelays(), idle: TimeSpan = .minutes(30),
    clock: @escaping @Sendable () -> Instant = { WallClock.now },
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    bed = BedEngine(
      model: model, service: EngineService(credentials: credentials, idle: idle),
      performer: performer ?? DelayPerformer(delays: delays), clock: clock)
    self.log = log
  }

  /// Does the engine's long work; returns when the task is cancelled. Requests are answered meanwhile.
  public func performWork() async { await bed.performWork() }

  /// Ends every session: the next call of each client gets a 401, as after a restart of the engine.
  public func endSessions() async { await bed.endSessions() }

  public func respond(to request: BedRequest) async -> BedResponse {
    let response = await bed.respond(to: request)
    log("\(request.method) /\(request.segments.joined(separator: "/")) \(response.status)")
    return response
  }
}

/// One call of the API with the engine as it was when the call arrived.
struct APICall: Sendable {
  let request: BedRequest
  /// Below `/ovirt-engine/api`.
  let path: [String]
  let engine: EngineModel
  let now: Instant

  var views: EntityViews { EntityViews(engine: engine) }
  var correlationID: String? { request.header("Correlation-Id") ?? request.parameter("correlation_id") }

  /// R `validation/MalformedIdExceptionMapper.java`: 400.
  func id<Kind>(_ text: String, _: Kind.Type = Kind.self) throws(EngineFault) -> Identifier<Kind> {
    guard let id = Identifier<Kind>(text) else {
      throw EngineFault(
        status: 400, detail: "Invalid UUID string: \(text)", reason: "Operation failed")
    }
    return id
  }

  /// The body as a tree, by its content type.
  func body() throws(EngineFault) -> RequestTree {
    let type = request.header("Content-Type")?.lowercased() ?? "application/xml"
    do {
      if type.hasPrefix("application/json") { return try JSONReader.read(request.body) }
      if type.hasPrefix("application/xml") || type.hasPrefix("text/xml") {
        return try XMLReader.read(request.body)
      }
    } catch {
      throw EngineFault(
        status: 400, detail: "For correct usage, see: \(EntityViews.root)/model (\(error.reason))",
        reason: "Request syntactically incorrect.")
    }
    throw EngineFault(status: 415, detail: nil)
  }
}

struct Answer: Sendable {
  var status = 200
  var document: Document?
  var location: String?

  func rendered(as face: Face) -> BedResponse {
    var headers: [(name: String, value: String)] = []
    if let location { headers.append(("Location", location)) }
    guard let document else { return BedResponse(status: status, headers: headers) }
    switch face {
    case .xml:
      headers.append(("Content-Type", "application/xml;charset=UTF-8"))
      return BedResponse(status: status, headers: headers, body: XMLWriter.render(document))
    case .json:
      headers.append(("Content-Type", "application/json"))
      return BedResponse(status: status, headers: headers, body: JSONWriter.render(document))
    }
  }

  static func entity(_ root: String, _ entity: Entity) -> Answer {
    Answer(document: Document(root: root, node: .entity(entity)))
  }

  static func list(_ root: String, of item: String, _ entities: [Entity]) -> Answer {
    Answer(document: Document(root: root, node: .list(of: item, entities)))
  }
}

/// The two representations.
enum Face: Sendable {
  case xml, json

  /// XML unless JSON is named first; nil when neither will do.
  init?(accept: String?) {
    guard let accept, !accept.isEmpty else {
      self = .xml
      return
    }
    for range in accept.lowercased().split(separator: ",") {
      switch String(range.prefix { $0 != ";" }).trimmed {
      case "application/json":
        self = .json
        return
      case "application/xml", "text/xml", "application/*", "*/*":
        self = .xml
        return
      default: continue
      }
    }
    return nil
  }
}

extension BedResponse {
  /// The container's own page, which is no `<fault>`.
  static func page(_ status: Int, _ text: String) -> BedResponse {
    BedResponse(
      status: status, headers: [("Content-Type", "text/html;charset=UTF-8")],
      body: Array("<html><head><title>Error</title></head><body>\(text)</body></html>".utf8))
  }

  static func json(_ status: Int, _ text: String) -> BedResponse {
    BedResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8))
  }

  static var unauthorized: BedResponse {
    var response = page(401, "Unauthorized")
    response.headers.append(("WWW-Authenticate", "Basic realm=\"RESTAPI\""))
    response.headers.append(("WWW-Authenticate", "Bearer realm=\"RESTAPI\""))
    return response
  }
}
