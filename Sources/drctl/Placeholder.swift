@main struct Drctl { static func main() {} }
