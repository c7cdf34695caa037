"""What an actor may see of the case file. Every function takes the actor."""
