"""The program on a screen, with Textual.

`app` is the application and `services` what its screens share.  `screens` fill the terminal, `dialogs` ask
questions over them, `widgets` are what both are made of, and `blocks` draw one message.  `keys` binds the
table of actions, `startup` runs it all.  What relies on undocumented Textual is in `textual_internals` and
`textual_bases`.
"""
