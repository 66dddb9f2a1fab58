"""Tables and gates of the papers, measured again over seeds and printed beside the published."""
