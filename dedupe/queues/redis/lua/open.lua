-- Makes the group, at the beginning of the stream.
in_group('XPENDING', ARTICLES, GROUP)
return 1
