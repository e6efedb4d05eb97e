/// What the gluster CLI writes with `--xml`: libxml2's indented form, as the captures of 10.3 have it.
struct GlusterDocument {
  indirect enum Node {
    /// `<name>text</name>`, or `<name/>` if the text is empty.
    case text(String, String)
    /// An element with children, each on lines of its own; `<name/>` if there are none.
    case group(String, [Node])
    /// One line as it is: an element with text beside children, which libxml2 does not indent.
    case line(String)
  }

  /// Zero unless the command failed.
  var opRet = 0
  var opErrno = 0
  var opErrstr = ""
  /// After the three of every answer.
  var content: [Node] = []

  var bytes: [UInt8] {
    var out = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
    let head: [Node] = [
      .text("opRet", String(opRet)), .text("opErrno", String(opErrno)), .text("opErrstr", opErrstr),
    ]
    Self.write(.group("cliOutput", head + content), "", into: &out)
    return Array(out.utf8)
  }

  private static func write(_ node: Node, _ indent: String, into out: inout String) {
    switch node {
    case .line(let line): out += "\(indent)\(line)\n"
    case .text(let name, let text):
      out += text.isEmpty ? "\(indent)<\(name)/>\n" : "\(indent)<\(name)>\(escaped(text))</\(name)>\n"
    case .group(let name, let children):
      guard !children.isEmpty else {
        out += "\(indent)<\(name)/>\n"
        return
      }
      out += "\(indent)<\(name)>\n"
      for child in children { write(child, indent + "  ", into: &out) }
      out += "\(indent)</\(name)>\n"
    }
  }

  static func escaped(_ text: String) -> String {
    var out = ""
    for character in text {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      default: out.append(character)
      }
    }
    return out
  }
}
