/// What a nonce says: whose it is, and in which round of a pass it was written.
///
/// Any round of the pass will do at the secondary: the first was written after the wait that the cut needs.
public enum NonceText {
  /// Of every nonce. A file that grows while a worker reads it arrives cut off at the length that it had: seen on the lab (10.3) as
  /// round 10 followed round 9, one byte longer, in the instant before the session's stop.
  public static let length = 128

  public static func bytes(run: RunID, pass: String, round: Int) -> [UInt8] {
    let text = Array((head(run, pass) + "round \(round)").utf8)
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: max(0, length - text.count - 1))
    return text + padding + [UInt8(ascii: "\n")]
  }

  /// Nil when the bytes are a nonce of this run and pass; otherwise what is wrong with them.
  public static func complaint(_ bytes: [UInt8]?, run: RunID, pass: String) -> String? {
    guard let bytes else { return "it has not arrived" }
    guard !bytes.isEmpty else { return "it is empty: entries arrive but data does not" }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(head(run, pass)) else {
      return "it is an older one: this run's data has not arrived"
    }
    let round = text.dropFirst(head(run, pass).count)
    let number = round.dropFirst(6).dropLast()
    guard round.hasPrefix("round "), round.hasSuffix("\n"), Int(number.prefix { $0 != " " }) != nil,
      number.drop(while: { $0 != " " }).allSatisfy({ $0 == " " })
    else { return "its last line is cut off" }
    return nil
  }

  public struct Parsed: Hashable, Sendable {
    public var run: RunID
    public var pass: String
  }

  /// Whose a nonce is; nil for what is empty, cut off, or none.
  public static func parse(_ bytes: [UInt8]) -> Parsed? {
    let lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 5, lines[1].hasPrefix("run "), let run = RunID(lines[1].dropFirst(4)),
      lines[2].hasPrefix("pass ")
    else { return nil }
    let pass = String(lines[2].dropFirst(5))
    return complaint(bytes, run: run, pass: pass) == nil ? Parsed(run: run, pass: pass) : nil
  }

  private static func head(_ run: RunID, _ pass: String) -> String {
    "drkit nonce\nrun \(run)\npass \(pass)\n"
  }
}
