import Simulator

/// A request as the bed sees it, whatever carried it.
public struct BedRequest: Sendable {
  public var method: String
  /// Decoded path segments without matrix parameters and without empty ones.
  public var segments: [String]
  /// Matrix parameters first, then the query's: the engine's order of look-up (R `util/ParametersHelper.java`).
  public var parameters: [(name: String, value: String)]
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  /// - Parameter target: path and query as in the request line.
  public init(
    _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.headers = headers
    self.body = body
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var segments: [String] = []
    var parameters: [(name: String, value: String)] = []
    for raw in parts[0].split(separator: "/") {
      let pieces = raw.split(separator: ";", omittingEmptySubsequences: false)
      if let name = pieces.first, !name.isEmpty {
        segments.append(FormText.decoded(name, plusIsSpace: false))
      }
      for piece in pieces.dropFirst() { parameters += FormText.pairs(piece) }
    }
    if parts.count > 1 { parameters += FormText.pairs(parts[1]) }
    self.segments = segments
    self.parameters = parameters
  }

  /// The first header of that name, in whatever case.
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  public func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

  /// True for true, t, yes, y, 1 and an empty value; false for anything else and nothing (R `ParametersHelper`).
  public func flag(_ name: String, default absent: Bool = false) -> Bool {
    guard let value = parameter(name)?.lowercased() else { return absent }
    return ["", "true", "t", "yes", "y", "1"].contains(value)
  }
}

public struct BedResponse: Sendable {
  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }
}

/// `application/x-www-form-urlencoded`, as query and as body.
enum FormText {
  static func pairs(_ text: some StringProtocol) -> [(name: String, value: String)] {
    text.split(separator: "&").map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (decoded(halves[0]), halves.count > 1 ? decoded(halves[1]) : "")
    }
  }

  /// A broken escape stays as it is.
  static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = true) -> String {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+") && plusIsSpace {
        out.append(0x20)
      } else if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        out.append(value)
        rest = rest.dropFirst(2)
      } else {
        out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}

enum Base64 {
  /// Nil for anything that is not Base64.
  static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var out: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in text.utf8 where byte != UInt8(ascii: "=") {
      let value: UInt8
      switch byte {
      case 0x41...0x5A: value = byte - 0x41
      case 0x61...0x7A: value = byte - 0x61 + 26
      case 0x30...0x39: value = byte - 0x30 + 52
      case 0x2B: value = 62
      case 0x2F: value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        bits &= (1 << UInt32(count)) - 1
      }
    }
    return out
  }
}
