import DRKit
import Foundation
import FoundationNetworking
import Synchronization

/// Which client a request belongs to. A header names it, since Foundation makes the protocol's object itself and hands
/// it nothing but the request; the header is taken off before anything is sent.
enum EngineRoutes {
  struct Route: Sendable {
    let number: UInt64
    var text: String { "\(number)" }
  }

  static let header = "Drkit-Route"

  private struct Table {
    var next: UInt64 = 1
    var clients: [UInt64: EngineClient] = [:]
  }

  private static let table = Mutex(Table())

  static func add(_ client: EngineClient) -> Route {
    table.withLock { table in
      defer { table.next += 1 }
      table.clients[table.next] = client
      return Route(number: table.next)
    }
  }

  static func remove(_ route: Route) {
    // Let go of outside the lock: the client's end runs code of the library.
    let client = table.withLock { $0.clients.removeValue(forKey: route.number) }
    _ = client
  }

  static func client(for request: URLRequest) -> EngineClient? {
    guard let number = request.value(forHTTPHeaderField: header).flatMap(UInt64.init) else { return nil }
    return table.withLock { $0.clients[number] }
  }
}

/// The one protocol class of our sessions: loads by async-http-client.
///
/// Foundation's rules for such a class, none of which it checks: the client is called on the session's own queue only
/// (the registry of its tasks has no lock), never after the task's end (it traps), with the body in one piece
/// (the last piece is kept), and never with a 401 that carries `WWW-Authenticate` (it asks for credentials).
final class EngineProtocol: URLProtocol {
  private let load = Load()

  /// Every request, whatever its scheme: what is refused here goes to libcurl.
  override class func canInit(with request: URLRequest) -> Bool { true }
  override class func canonicalRequest(for request: URLRequest) -> URLRequest { request }

  /// Runs on the session's queue: once to begin, and once more to deliver. A second `resume()` of a running task does
  /// nothing but call this again on that queue, which is the only way onto it from outside.
  override func startLoading() {
    guard let task else { return }
    switch load.enter() {
    case .nothing: break
    case .deliver(let outcome): deliver(outcome, task)
    case .begin:
      let load = load
      let call = Call(request)
      load.keep(
        Task {
          load.arrive(await call.perform())
          task.resume()
        })
    }
  }

  override func stopLoading() { load.stop() }

  private func deliver(_ outcome: Outcome, _ task: URLSessionTask) {
    // A cancel under way brings its own end; two would be one too many.
    guard task.state == .running, let client, let url = request.url else { return }
    switch outcome {
    case .failure(let error): client.urlProtocol(self, didFailWithError: error)
    case .success(let reply):
      guard let response = Self.response(reply, url) else {
        return client.urlProtocol(
          self, didFailWithError: TransportError.garbled("the reply's head can't be read"))
      }
      client.urlProtocol(self, didReceive: response, cacheStoragePolicy: .notAllowed)
      if !reply.body.isEmpty { client.urlProtocol(self, didLoad: Data(reply.body)) }
      client.urlProtocolDidFinishLoading(self)
    }
  }

  // MARK: - Replies through Foundation's types

  private static let challenge = "WWW-Authenticate"
  /// The challenge's name within Foundation.
  private static let wrappedChallenge = "Drkit-Challenge"

  private static func response(_ reply: OVirtReply, _ url: URL) -> HTTPURLResponse? {
    var fields: [String: String] = [:]
    for item in reply.headers {
      let isChallenge = item.name.lowercased() == challenge.lowercased()
      // Names are the same in any case; their first spelling stands.
      let name = isChallenge ? wrappedChallenge : item.name
      let known = fields.keys.first { $0.lowercased() == name.lowercased() } ?? name
      fields[known] = fields[known].map { "\($0), \(item.value)" } ?? item.value
    }
    return HTTPURLResponse(
      url: url, statusCode: reply.status, httpVersion: "HTTP/1.1", headerFields: fields)
  }

  /// What `response` made, back again; fields of one name are one now, in the order of their names.
  static func reply(_ response: HTTPURLResponse, _ body: Data) -> OVirtReply {
    let headers = response.allHeaderFields.compactMap { (name, value) -> OVirtRequest.Item? in
      guard let name = name as? String, let value = value as? String else { return nil }
      return OVirtRequest.Item(name.lowercased() == wrappedChallenge.lowercased() ? challenge : name, value)
    }
    return OVirtReply(
      status: response.statusCode, headers: headers.sorted { $0.name < $1.name }, body: Array(body))
  }
}

/// A request taken out of Foundation's types.
private struct Call: Sendable {
  let client: EngineClient?
  let method: String
  let url: String
  let headers: [OVirtRequest.Item]
  let body: [UInt8]?

  init(_ request: URLRequest) {
    client = EngineRoutes.client(for: request)
    method = request.httpMethod ?? "GET"
    url = request.url?.absoluteString ?? ""
    headers = (request.allHTTPHeaderFields ?? [:]).filter {
      $0.key.lowercased() != EngineRoutes.header.lowercased()
    }.map { OVirtRequest.Item($0.key, $0.value) }.sorted { $0.name < $1.name }
    body = request.httpBody.map { Array($0) }
  }

  func perform() async -> Outcome {
    guard let client else { return .failure(.unreachable("the client was shut down")) }
    return await client.load(method: method, url: url, headers: headers, body: body)
  }
}

/// Where one load stands. `enter` and `stop` are called on the session's queue, the others from anywhere.
private final class Load: Sendable {
  enum Entry {
    case begin
    case deliver(Outcome)
    case nothing
  }

  private struct State {
    var hasBegun = false
    var isOver = false
    var outcome: Outcome?
    var work: Task<Void, Never>?
  }

  private let state = Mutex(State())

  func enter() -> Entry {
    state.withLock { state in
      if state.isOver { return .nothing }
      if !state.hasBegun {
        state.hasBegun = true
        return .begin
      }
      guard let outcome = state.outcome else { return .nothing }
      state.isOver = true
      state.outcome = nil
      state.work = nil
      return .deliver(outcome)
    }
  }

  func keep(_ work: Task<Void, Never>) {
    let isOver = state.withLock { state in
      if !state.isOver { state.work = work }
      return state.isOver
    }
    if isOver { work.cancel() }
  }

  func arrive(_ outcome: Outcome) {
    state.withLock { state in
      if !state.isOver { state.outcome = outcome }
    }
  }

  func stop() {
    let work = state.withLock { state in
      state.isOver = true
      state.outcome = nil
      defer { state.work = nil }
      return state.work
    }
    work?.cancel()
  }
}
