"""The Belgian eID card as a reader sees it: its versions, its files, its commands, its register."""
