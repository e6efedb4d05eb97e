/// What a nonce says: whose it is, and in which round of a pass it was written.
///
/// Any round of the pass will do at the secondary: the first was written after the wait that the cut needs.
public enum NonceText {
  public static func bytes(run: RunID, pass: String, round: Int) -> [UInt8] {
    Array((head(run, pass) + "round \(round)\n").utf8)
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
    guard round.hasPrefix("round "), round.hasSuffix("\n"), Int(round.dropFirst(6).dropLast()) != nil else {
      return "its last line is cut off"
    }
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
